/** `${utf8_domain_to_alabel:…}`. Spec ch. 11 "Expansion operators", RFC 5891. */
import { defineOperator } from '../../core/define/operator.ts';
import { domainToAlabel } from '../alabel.ts';
import { mapText } from '../branches.ts';

export default defineOperator({
  name: 'utf8_domain_to_alabel',
  summary: 'A UTF-8 domain with a-labels.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${utf8_domain_to_alabel:\\xc3\\xa9.example}', 'xn--9ca.example']],
  transform: (text) => mapText(domainToAlabel(text.octets), text),
});
