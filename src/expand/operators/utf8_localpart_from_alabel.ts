/** `${utf8_localpart_from_alabel:…}`. Spec ch. 11 "Expansion operators", RFC 5891. */
import { defineOperator } from '../../core/define/operator.ts';
import { localPartFromAlabel } from '../alabel.ts';
import { mapText } from '../branches.ts';

export default defineOperator({
  name: 'utf8_localpart_from_alabel',
  summary: 'A local part in the form of an a-label in UTF-8.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${utf8_localpart_from_alabel:xn--9ca}', 'Ã©'],
    ['${utf8_localpart_from_alabel:abc}', { kind: 'fail', message: 'error converting alabel (abc) to utf8: bad alabel prefix' }],
  ],
  transform: (text) => mapText(localPartFromAlabel(text.octets), text),
});
