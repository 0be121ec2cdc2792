/** `${extract{key}{string}…}`, `${extract{number}{separators}{string}…}`, `${extract json…}`. Spec ch. 11 "Expansion items". */
import { type Octets, trimSpace } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { fail, type NotOk } from '../../core/outcome.ts';
import { derived, emptyText, type Text } from '../../core/text.ts';
import { isNotOk, takeFound, takeNotFound, withTexts } from '../branches.ts';
import { extractField, extractNamed } from '../field.ts';
import { jsonArrayItems, jsonMember, unquoteJson } from '../json.ts';
import { wrapDigits } from '../numbers.ts';

export default defineItem({
  name: 'extract',
  summary: 'A named or numbered field of a string, or a member or element of JSON.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${extract{gid}{uid=1984 gid=2001}}', '2001'],
    ['${extract{Z}{A=1 B=2}{$value}{none}}', 'none'],
    ['${extract{Z}{A=1 B=2}{$value} fail }', { kind: 'forced-fail' }],
    ['${extract{2}{:}{x:42:99:& Mailer::/bin/bash}}', '42'],
    ['${extract{-4}{:}{x:42:99:& Mailer::/bin/bash}}', '99'],
    ['${extract json{b}{\\{"a":1, "b":"x y"\\}}}', '"x y"'],
    ['${extract jsons{2}{[1, "b", [3]]}}', 'b'],
    ['${extract{2}{:}}', { kind: 'fail', message: "missing '{' for arg 3 of extract" }],
  ],
  arguments: [
    { kind: 'word', among: ['json', 'jsons'] },
    { kind: 'counted-branches', fixed: (first) => (isNumber(first) ? 3 : 2) },
  ],
  compile:
    ([format, { first, resolve }]) =>
    (frame) =>
      chainOk(first.evaluate(frame), (keyText) => {
        const key = trimSpace(keyText.octets);
        if (key === '') return fail('first argument of "extract" must not be empty');
        // JSON arrays have no separators: a number there is followed by the array alone.
        const { strings, branches } = resolve(format === '' ? key : 'name');
        return withTexts(strings, frame, (texts) => {
          const value = format === '' ? find(key, texts) : findInJson(format, key, texts[0] ?? emptyText);
          if (isNotOk(value)) return value;
          return value === undefined ? takeNotFound(branches, frame) : takeFound(branches, value, frame);
        });
      }),
});

function isNumber(key: Octets): boolean {
  return /^-?[0-9]*$/.test(trimSpace(key)) && trimSpace(key) !== '';
}

function find(key: Octets, [first = emptyText, second]: readonly Text[]): Text | undefined {
  if (second === undefined) return extractNamed(first, key);
  return extractField(second, wrapDigits(key), first.octets);
}

function findInJson(format: Octets, key: Octets, json: Text): Text | undefined | NotOk {
  const found = isNumber(key) ? element(key, json.octets) : jsonMember(json.octets, key);
  if (found.kind !== 'ok') return found;
  if (found.value === undefined) return undefined;
  if (format === 'json') return derived(found.value, json);
  const unquoted = unquoteJson(found.value);
  return unquoted.kind === 'ok' ? derived(unquoted.value, json) : unquoted;
}

function element(key: Octets, array: Octets) {
  const index = wrapDigits(key);
  const items = jsonArrayItems(array);
  if (items.kind !== 'ok') return items;
  if (index <= 0) return fail('first argument of "extract" must be greater than zero');
  return { kind: 'ok' as const, value: items.value[index - 1] };
}
