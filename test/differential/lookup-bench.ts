/** What the table of lookups and lists is evaluated with: the real engine on the files of `lookup-files/`. */
import { invariant } from '../../src/base/invariant.ts';
import { builtin } from '../../src/builtin.ts';
import { loadConfigText } from '../../src/config/load.ts';
import type { Frame } from '../../src/core/frame.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { testExpansion } from '../../src/expand/expansion-test.ts';
import { createLists } from '../../src/lists/lists.ts';
import { createLookups } from '../../src/lookups/lookups.ts';
import { FakeAccounts, FakeMachine } from '../../src/system/fakes/host.ts';
import { fakeServices, testBuild, testFrame } from '../../src/system/fakes/services.ts';
import { SystemFiles } from '../../src/system/files.ts';
import { Native } from '../../src/system/native.ts';
import { lookupConfiguration } from './lookup-cases.ts';

export interface LookupBench {
  /** What `-be` would print for a line. */
  print(line: string): Promise<string>;
  close(): void;
}

/** `folder` is the absolute name of what the lines call FILES, also in their answers. */
export async function openLookupBench(folder: string): Promise<LookupBench> {
  const [family, definitions] = await Promise.all([builtin.expansion(), builtin.lookups()]);
  const lookups = createLookups(definitions);
  const expander = createExpander(family, {
    lookupTypeProblem: (type) => {
      const parsed = lookups.parseType(type);
      return parsed.kind === 'ok' ? undefined : parsed.message;
    },
  });
  const files = new SystemFiles(new Native());
  const accounts = new FakeAccounts(['root:x:0:0:root:/root:/bin/bash'], ['root:x:0:']);
  const machine = new FakeMachine();
  const loaded = await loadConfigText(lookupConfiguration.replaceAll('FILES', folder), {
    macros: [],
    build: testBuild,
    registry: builtin,
    compiler: expander,
    compileText: (source, what) => expander.runtime(source, what),
    files,
    accounts,
    machine,
  });
  invariant(loaded.kind === 'ok', 'the configuration loads');
  const services = fakeServices({ lookups, lists: createLists(), files, accounts, machine });
  return {
    print: async (line) => {
      const frame: Frame = testFrame({ config: loaded.config, services, captures: [] });
      return (await testExpansion(line.replaceAll('FILES', folder), frame)).replaceAll(folder, 'FILES');
    },
    close: () => lookups.close(),
  };
}
