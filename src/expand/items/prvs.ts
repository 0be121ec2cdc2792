/** `${prvs{address}{secret}{key number}}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { fail } from '../../core/outcome.ts';
import { derived, emptyText } from '../../core/text.ts';
import { endDay, tagCode } from '../batv.ts';
import { eager } from '../branches.ts';

export default defineItem({
  name: 'prvs',
  summary: 'An address with a tag that proves to be ours when it comes back in a bounce.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${prvs{a}{secret}}', { kind: 'fail', message: 'prvs first argument must be a qualified email address' }],
    ['${prvs{a@b.example}{secret}{55}}', { kind: 'fail', message: 'prvs third argument must be a single digit' }],
  ],
  arguments: [{ kind: 'strings', min: 2, max: 3 }],
  compile: eager(([address = emptyText, secret = emptyText, keyNumber], frame) => {
    const at = address.octets.lastIndexOf('@');
    if (at <= 0 || at === address.octets.length - 1) return fail('prvs first argument must be a qualified email address');
    const key = keyNumber?.octets ?? '0';
    if (!/^[0-9]$/.test(key)) return fail('prvs third argument must be a single digit');
    const day = endDay(frame.services.clock.now());
    return derived(`prvs=${key}${day}${tagCode(address.octets, secret.octets, key, day)}=${address.octets}`, address);
  }),
});
