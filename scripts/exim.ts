/** The program from the sources: `node scripts/exim.ts [--called-as=name] [arguments]`. */
import { run } from '../src/cli/main.ts';

const prefix = '--called-as=';
const args = process.argv.slice(2);
const isNamed = args[0]?.startsWith(prefix);
await run(isNamed ? (args[0]?.slice(prefix.length) ?? '') : 'exim', isNamed ? args.slice(1) : args);
