/** `npm start`: the server on the embedded default (config/default.conf), from the sources. Arguments are passed on. */
import { run } from '../src/cli/main.ts';

await run('eximius', ['start', ...process.argv.slice(2)]);
