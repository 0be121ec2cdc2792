/** The tools for hints as programs: usage and errors are on standard output, as Exim's are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryFiles } from '../system/fakes/files.ts';
import { runEximDumpdbTool } from './exim_dumpdb.ts';
import { runEximFixdbTool } from './exim_fixdb.ts';
import { runEximTidydbTool } from './exim_tidydb.ts';

test('usage and errors are on standard output', async () => {
  const tools = { dumpdb: runEximDumpdbTool, tidydb: runEximTidydbTool, fixdb: runEximFixdbTool };
  for (const [name, run] of Object.entries(tools)) {
    let out = '';
    const io = {
      stdin: (async function* () {})(),
      stdout: { write: (text: string) => void (out += text) },
      stderr: { write: (text: string) => assert.fail(text) },
    };
    assert.equal(await run([], io, new MemoryFiles()), 1);
    assert.match(out, new RegExp(`^Usage: exim_${name} `));
    assert.equal(await run(['/none', 'retry'], io, new MemoryFiles()), 1);
    assert.match(out, /\*\* Failed to open database file \/none\/db\/eximius\.sqlite: /);
  }
});
