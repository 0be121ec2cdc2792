/** `${listextract{number}{list}{yes}{no}}`. Spec ch. 11 "Expansion items". */
import { type Octets, trimSpace } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { fail, type NotOk } from '../../core/outcome.ts';
import type { Text } from '../../core/text.ts';
import { takeFound, takeNotFound } from '../branches.ts';
import { splitText } from '../list-items.ts';
import { wrapDigits } from '../numbers.ts';

export default defineItem({
  name: 'listextract',
  summary: 'An item of a list by its number, from 1, or from the end when negative.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${listextract{2}{x:42:99}}', '42'],
    ['${listextract{-3}{<, x,42,99,& Mailer,,/bin/bash}{result: $value}}', 'result: 42'],
    ['${listextract{9}{x:42:99}{y}{n}}', 'n'],
    ['${listextract{a}{x:42:99}}', { kind: 'fail', message: 'first argument of "listextract" must be numeric' }],
  ],
  arguments: [{ kind: 'string', label: 'arg 1' }, { kind: 'string', label: 'arg 2' }, { kind: 'branches' }],
  compile:
    ([number, list, branches]) =>
    (frame) =>
      chainOk(number.evaluate(frame), (wanted) => {
        const index = parseIndex(wanted.octets);
        if (typeof index !== 'number') return index;
        return chainOk(list.evaluate(frame), (items) => {
          const found = itemAt(splitText(items).items, index);
          return found ? takeFound(branches, found, frame) : takeNotFound(branches, frame);
        });
      }),
});

/** From the end when negative: -1 is the last. As in Exim one place before the first has nothing, and all before that are the first. */
function itemAt(items: readonly Text[], index: number): Text | undefined {
  const number = index < 0 ? items.length + index + 1 : index;
  return number === 0 ? undefined : items[Math.max(number - 1, 0)];
}

function parseIndex(octets: Octets): number | NotOk {
  const text = trimSpace(octets);
  if (text === '') return fail('first argument of "listextract" must not be empty');
  return /^-?[0-9]+$/.test(text) ? wrapDigits(text) : fail('first argument of "listextract" must be numeric');
}
