/** The targets of fuzz.ts, shortly, and every input that was once kept. */
import { test } from 'node:test';
import { makeChooser } from '../faults/chooser.ts';
import { mutate } from './mutate.ts';
import { openTargets } from './targets.ts';

const RUNS = 300;

for (const { name, seeds, words, run } of await openTargets()) {
  test(`${name}: mutated input is answered`, async () => {
    for (const seed of seeds) await run(seed);
    const choose = makeChooser(1);
    for (let left = RUNS; left > 0; left--) await run(mutate(seeds[choose(seeds.length)] ?? '', seeds, words, choose));
  });
}
