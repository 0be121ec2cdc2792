/** By hand: a gigabyte, or so many MiB as are said (`node test/security/endless.ts 1024`), for every parser. Prints what came of each. */
import { runEndless } from './endless-run.ts';

await runEndless(Number(process.argv[2] ?? 1024), ({ name, outcome, sentMiB, grownMiB }) =>
  console.log(
    `${name.padEnd(34)} ${sentMiB.toFixed(1).padStart(7)} MiB taken, ${grownMiB.toFixed(0).padStart(4)} MiB more memory: ${JSON.stringify(outcome)}`,
  ),
);
