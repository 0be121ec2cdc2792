import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { readDefinitions } from '../gen/definitions.ts';
import { judgeRows } from './judge.ts';
import { readInventory } from './rows.ts';

const root = dirname(dirname(import.meta.dirname));

test('every row is judged, by what the program knows', async () => {
  const rows = readInventory(root);
  const judged = judgeRows(root, rows, await readDefinitions(root));
  assert.equal(judged.length, rows.length);
  const state = (kind: string, form: string) => judged.find(({ row }) => row.kind === kind && row.form === form)?.state;
  assert.equal(state('expansion operator', '${lc:<string>}'), 'done');
  assert.equal(state('option of main', 'primary_hostname'), 'done');
  assert.equal(state('command-line option', '-bd'), 'done');
  assert.equal(state('config reader', '.ifdef'), 'done');
  assert.equal(state('rewrite flag', 'S'), 'done');
  assert.equal(state('lookup', 'oracle'), 'refused');
  const unknown = judgeRows(root, [{ kind: 'expansion operator', form: '${no_such:<string>}' }], await readDefinitions(root));
  assert.equal(unknown[0]?.state, 'later');
});
