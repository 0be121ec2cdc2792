/** The examples of every item, operator and condition run as tests. STYLE.md 5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simplified } from '../../src/expand/expand-cases.ts';
import { openExpansionBench } from '../differential/expansion-bench.ts';

const bench = await openExpansionBench();

for (const definition of [...bench.family.items, ...bench.family.operators, ...bench.family.conditions]) {
  if (definition.examples.length === 0) continue;
  test(`${definition.family} ${definition.name}`, async () => {
    for (const [source, expected] of definition.examples) {
      const outcome = await bench.expander.runtime(source, 'example').evaluate(bench.frame());
      const wanted =
        typeof expected === 'string'
          ? { kind: 'ok', text: expected }
          : expected.kind === 'fail'
            ? { kind: 'fail', text: expected.message }
            : { kind: 'forced-fail' };
      assert.deepEqual(simplified(outcome), wanted, source);
    }
  });
}
