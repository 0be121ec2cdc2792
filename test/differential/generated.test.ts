/** Generated expansions with the answers of Exim 4.96 (`expansions.ts --write-golden` beside this file), through `-be`, without Exim. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtin } from '../../src/builtin.ts';
import { textOf } from './explained.ts';
import { askInNewFolder, readGolden } from './golden-table.ts';
import { conditionForms, itemForms, operatorForms } from './grammar.ts';
import { ownProgram } from './programs.ts';

test('every generated expansion of the table gives what Exim gives', () => {
  const table = readGolden();
  assert.ok(table.length >= 2000);
  const answers = askInNewFolder(
    ownProgram,
    table.map(({ line }) => line),
  );
  const differences = table.flatMap(({ line, answer }, index) => {
    const ours = answers[index];
    const text = ours === undefined ? '(no answer)' : textOf(ours);
    return text === answer ? [] : [`${line}\n  Exim ${JSON.stringify(answer)}\n  ours ${JSON.stringify(text)}`];
  });
  assert.deepEqual(differences, []);
});

test('every item, operator and condition is generated', async () => {
  const family = await builtin.expansion();
  const namesOf = (definitions: readonly { readonly name: string }[]) => definitions.map(({ name }) => name).sort();
  assert.deepEqual(Object.keys(itemForms).sort(), namesOf(family.items));
  assert.deepEqual(Object.keys(operatorForms).sort(), namesOf(family.operators));
  assert.deepEqual(Object.keys(conditionForms).sort(), namesOf(family.conditions));
});
