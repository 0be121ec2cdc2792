/** `npm start`: the server on the embedded default (config/default.conf), from the sources. Arguments are passed on. */
import { join } from 'node:path';
import { run } from '../src/cli/main.ts';

await run('eximius', ['start', ...process.argv.slice(2)], { script: join(import.meta.dirname, 'exim.ts') });
