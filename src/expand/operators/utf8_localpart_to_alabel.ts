/** `${utf8_localpart_to_alabel:…}`. Spec ch. 11 "Expansion operators", RFC 5891. */
import { defineOperator } from '../../core/define/operator.ts';
import { localPartToAlabel } from '../alabel.ts';
import { mapText } from '../branches.ts';

export default defineOperator({
  name: 'utf8_localpart_to_alabel',
  summary: 'A UTF-8 local part in the form of an a-label.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${utf8_localpart_to_alabel:\\xc3\\xa9}', 'xn--9ca']],
  transform: (text) => mapText(localPartToAlabel(text.octets), text),
});
