/** `${utf8_domain_from_alabel:…}`. Spec ch. 11 "Expansion operators", RFC 5891. */
import { defineOperator } from '../../core/define/operator.ts';
import { domainFromAlabel } from '../alabel.ts';
import { mapText } from '../branches.ts';

export default defineOperator({
  name: 'utf8_domain_from_alabel',
  summary: 'A domain with a-labels in UTF-8.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${utf8_domain_from_alabel:xn--9ca.example}', 'Ã©.example']],
  transform: (text) => mapText(domainFromAlabel(text.octets), text),
});
