/** `${sg{subject}{regex}{replacement}}`. Spec ch. 11 "Expansion items". */
import type { Octets } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { type Frame, withCaptures } from '../../core/frame.ts';
import { chainOk, type MaybePromise } from '../../core/maybe-promise.ts';
import { type Outcome, ok } from '../../core/outcome.ts';
import type { Regex, RegexMatch } from '../../core/ports.ts';
import { concatText, emptyText, sliceText, type Text } from '../../core/text.ts';
import { withTexts } from '../branches.ts';
import { expandText } from '../expander.ts';
import { captureTexts, regexUser } from '../regex-use.ts';

export default defineItem({
  name: 'sg',
  summary: 'Every match of a regular expression replaced, as s///g of Perl; the replacement is expanded for each match.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${sg{abcdefabcdef}{abc}{xyz}}', 'xyzdefxyzdef'],
    ['${sg{abcdef}{^(...)(...)\\$}{\\$2\\$1}}', 'defabc'],
    ['${sg{1=A 4=D 3=C}{\\N(\\d+)=\\N}{K\\$1=}}', 'K1=A K4=D K3=C'],
    ['${sg{abc}{b*}{x}}', 'xaxxcx'],
    ['${sg{abc}{(}{x}}', { kind: 'fail', message: 'regular expression error in "(": missing closing parenthesis at offset 1' }],
  ],
  mentions: { string: 1, kind: 'regex' },
  arguments: [{ kind: 'strings', min: 3, max: 3 }],
  compile: ([expressions]) => {
    const find = regexUser(expressions[1]);
    return (frame) =>
      withTexts(expressions, frame, ([subject = emptyText, pattern = emptyText, replacement = emptyText]) =>
        chainOk(find(pattern.octets, frame), (regex) => substitute(subject, findAll(regex, subject.octets, frame), replacement, frame)),
      );
  },
});

/** As Perl: after an empty match the next must not be empty at the same place. */
function findAll(regex: Regex, subject: Octets, frame: Frame): RegexMatch[] {
  const matches: RegexMatch[] = [];
  let at = 0;
  let afterEmpty = false;
  while (at <= subject.length) {
    const result = regex.match(subject, at, afterEmpty ? { notEmptyAtStart: true, isAnchored: true } : undefined);
    if (result.kind === 'limit') {
      frame.services.log.main(`regular expression gave up: ${result.message}`);
      break;
    }
    if (result.kind === 'match') {
      matches.push(result);
      afterEmpty = result.to === result.from;
      at = result.to;
    } else if (afterEmpty) {
      afterEmpty = false;
      at++;
    } else break;
  }
  return matches;
}

function substitute(subject: Text, matches: readonly RegexMatch[], replacement: Text, frame: Frame): MaybePromise<Outcome<Text>> {
  const pieces: Text[] = [];
  const isPlain = !/[$\\]/.test(replacement.octets);
  const step = (index: number, from: number): MaybePromise<Outcome<Text>> => {
    for (let i = index, at = from; ; i++) {
      const match = matches[i];
      if (!match) return ok(concatText([...pieces, sliceText(subject, at)]));
      pieces.push(sliceText(subject, at, match.from));
      const outcome = isPlain
        ? ok(replacement)
        : expandText(replacement.octets, withCaptures(frame, captureTexts(match, subject)), 'sg replacement');
      if (outcome instanceof Promise) {
        const next = i + 1;
        return outcome.then((settled) => {
          if (settled.kind !== 'ok') return settled;
          pieces.push(settled.value);
          return step(next, match.to);
        });
      }
      if (outcome.kind !== 'ok') return outcome;
      pieces.push(outcome.value);
      at = match.to;
    }
  };
  return step(0, 0);
}
