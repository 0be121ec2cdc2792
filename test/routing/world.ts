/** A configuration text with all built-in definitions over fake services: what tests of routing and transports start from. */
import { invariant } from '../../src/base/invariant.ts';
import type { Octets } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { loadConfigText } from '../../src/config/load.ts';
import { untilAborted } from '../../src/core/deadline.ts';
import type { Frame, Services } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { createLists } from '../../src/lists/lists.ts';
import { createLookups } from '../../src/lookups/lookups.ts';
import { DirectUserActions } from '../../src/system/direct-user-actions.ts';
import { FakeClock } from '../../src/system/fakes/clock.ts';
import { FakeDns } from '../../src/system/fakes/dns.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { FakeAccounts, FakeMachine } from '../../src/system/fakes/host.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { fakeServices, testBuild } from '../../src/system/fakes/services.ts';
import { createVerifier } from '../../src/verify/verifier.ts';

export interface World {
  readonly frame: Frame;
  readonly services: Services;
  readonly log: FakeLog;
  readonly files: MemoryFiles;
  readonly dns: FakeDns;
}

/** Nobody waits: time moves on when someone sleeps. */
class ImpatientClock extends FakeClock {
  override async sleep(ms: number): Promise<void> {
    await this.advance(ms);
  }
}

/** Reads the text (main section first) and wires it; `overrides` replace single services. */
export async function makeWorld(
  text: Octets,
  overrides: Partial<Services> & { readonly files?: MemoryFiles; readonly dns?: FakeDns } = {},
): Promise<World> {
  const clock = new ImpatientClock();
  const machine = new FakeMachine();
  const log = new FakeLog();
  const files = overrides.files ?? new MemoryFiles({ clock, uid: machine.effectiveUid(), gid: machine.effectiveUid() });
  const dns = overrides.dns ?? new FakeDns();
  const accounts =
    overrides.accounts ??
    new FakeAccounts(
      ['root:x:0:0:root:/root:/bin/sh', 'exim:x:93:93:Exim:/var/spool/exim:/bin/false', 'ann:x:1001:1001:Ann:/home/ann:/bin/sh'],
      ['root:x:0:', 'exim:x:93:', 'ann:x:1001:'],
    );
  const expander = createExpander(await builtin.expansion());
  const services = fakeServices({
    clock,
    log,
    machine,
    lists: createLists(),
    lookups: createLookups(await builtin.lookups()),
    verifier: createVerifier(),
    userActions: new DirectUserActions(files, machine.effectiveUid()),
    ...overrides,
    files,
    dns,
    accounts,
  });
  const loaded = await loadConfigText(`primary_hostname = host.test.ex\nqualify_domain = test.ex\n${text}`, {
    macros: [],
    build: testBuild,
    registry: builtin,
    compiler: expander,
    compileText: (source, what) => expander.runtime(source, what),
    files,
    accounts,
    machine,
  });
  invariant(loaded.kind === 'ok', loaded.kind === 'ok' ? '' : loaded.problems.map((problem) => problem.message).join('; '));
  const frame: Frame = { config: loaded.config, services, results: {}, captures: [], until: untilAborted(new AbortController().signal) };
  return { frame, services, log, files, dns };
}
