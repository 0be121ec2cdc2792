/** `isip4{string}`. Spec ch. 11 "Expansion conditions". */
import { ipVersion } from '../../base/ip.ts';
import { defineCondition } from '../../core/define/expansion.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { judged } from '../judged.ts';

export default defineCondition({
  name: 'isip4',
  summary: 'The string is an IPv4 address.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if isip4{192.0.2.1}{y}{n}}', 'y'],
    ['${if isip4{2001:db8::1}{y}{n}}', 'n'],
    ['${if isip4{a.b.c.d}{y}{n}}', 'n'],
  ],
  arguments: [{ kind: 'string' }],
  compile:
    ([address]) =>
    (frame) =>
      chainOk(address.evaluate(frame), (text) => judged(ipVersion(text.octets) === 4)),
});
