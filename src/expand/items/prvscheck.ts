/** `${prvscheck{address}{secret}{string}}`. Spec ch. 11 "Expansion items". */
import { equalsIgnoreCase, type Octets } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { type Frame, withLocal } from '../../core/frame.ts';
import { chain, chainOk } from '../../core/maybe-promise.ts';
import { type Outcome, ok } from '../../core/outcome.ts';
import { derived, emptyText, type Text, untainted } from '../../core/text.ts';
import { isTagCurrent, parseTagged, type TaggedAddress, tagCode } from '../batv.ts';
import { emptyOutcome, withTexts } from '../branches.ts';

export default defineItem({
  name: 'prvscheck',
  summary: 'The address in a tagged one, whose validity is then $prvscheck_result; nothing when there is no tag.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${prvscheck{a@b.example}{secret}{x}}', ''],
    ['${prvscheck{prvs=1785f60fbc=a@b}{wrong}}$prvscheck_result', 'a@b'],
    ['${prvscheck{prvs=1785f60fbc=a@b}{wrong}{$prvscheck_address $prvscheck_keynum}}', 'a@b 1'],
  ],
  arguments: [
    { kind: 'strings', min: 1, max: 1, isFollowed: true },
    { kind: 'strings', min: 1, max: 2 },
  ],
  compile:
    ([addresses, [secret, replacement, wrong]]) =>
    (frame) =>
      withTexts(addresses, frame, ([address = emptyText]) => {
        frame.results.prvscheckResult = emptyText;
        const tagged = parseTagged(address.octets);
        if (!secret) return emptyOutcome;
        if (!tagged) return withTexts(replacement ? [secret, replacement] : [secret], frame, () => emptyOutcome);
        const plain = derived(tagged.address, address);
        const inner = withLocal(withLocal(frame, 'prvscheck_address', plain), 'prvscheck_keynum', derived(tagged.keyNumber, address));
        return chainOk(secret.evaluate(inner), (secretText) => {
          if (isValid(tagged, secretText.octets, frame)) frame.results.prvscheckResult = untainted('1');
          return chainOk(replacement?.evaluate(inner) ?? emptyOutcome, (text) =>
            wrong ? chain(wrong.evaluate(inner), countSeparately) : ok(text.octets === '' ? plain : text),
          );
        });
      }),
});

/** Exim reads the two strings one by one here, and counts so. */
function countSeparately(outcome: Outcome<Text>): Outcome<Text> {
  return outcome.kind === 'fail' ? { ...outcome, message: outcome.message.replace('(max is 2)', '(max is 1)') } : outcome;
}

function isValid(tagged: TaggedAddress, secret: Octets, frame: Frame): boolean {
  const code = tagCode(tagged.address, secret, tagged.keyNumber, tagged.day);
  return equalsIgnoreCase(code, tagged.code) && isTagCurrent(tagged.day, frame.services.clock.now());
}
