/** Runs a command line as the daemon runs it for its caller: the real modes on a spool of their own, nothing of the process itself. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex, Readable, Writable } from 'node:stream';
import { octetsFromUnicode } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { Foreground } from '../../src/cli/deliveries.ts';
import type { ModeContext } from '../../src/cli/mode.ts';
import { runMode } from '../../src/cli/modes.ts';
import type { BuildSettings } from '../../src/core/build-settings.ts';
import { type OpeningRuntime, openRuntime, type Runtime } from '../../src/process/runtime.ts';
import { createSystem, type SystemPorts } from '../../src/system/create-system.ts';
import { DirectSpawner } from '../../src/system/direct-spawner.ts';
import { FakeAccounts } from '../../src/system/fakes/host.ts';
import { configurationOf, type SubmissionCase } from './submission-cases.ts';
import { type Observation, type Ran, SubmissionWorld } from './submission-world.ts';

const accounts = new FakeAccounts(
  ['root:x:0:0:root:/root:/bin/sh', 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin'],
  ['root:x:0:', 'nogroup:x:65534:'],
);

const EXIM = { uid: 102, gid: 105 };

const IDS = { root: { uid: 0, gid: 0, groups: [0] }, nobody: { uid: 65534, gid: 65534, groups: [65534] } } as const;

export class SubmissionBench {
  readonly #world: SubmissionWorld;
  readonly #system: SystemPorts = { ...createSystem(), accounts };
  /** Standard error of the command line that runs: the panic log's lines go there too. */
  #error = collector();
  /** By the text of the configuration. */
  readonly #opened = new Map<string, OpeningRuntime>();

  /** `folder` is empty. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755); // root writes logs as Exim's user
    this.#world = new SubmissionWorld(folder, process.getuid?.() === 0 ? EXIM : undefined);
    this.#world.clear();
  }

  async observe(each: SubmissionCase): Promise<Observation> {
    const world = this.#world;
    world.empty();
    const opened = await this.#open(each);
    if (opened.kind === 'failed')
      return world.observe({ status: 1, stdout: '', stderr: opened.problems.map(({ message }) => `${message}\n`).join('') }, each);
    const { runtime } = opened;
    for (const before of each.before ?? []) await this.#run(before, runtime);
    const ran = await this.#run(each, runtime);
    runtime.services.log.flush();
    return world.observe(ran, each);
  }

  async #open(each: SubmissionCase): Promise<OpeningRuntime> {
    // ids as the reference has them, so that lengths agree; and nothing that came behind 4.96
    const options = `${this.#world.options()}message_id_format = short\nlimits_advertise_hosts =\n`;
    const text = octetsFromUnicode(configurationOf(options, each));
    const known = this.#opened.get(text);
    if (known) return known;
    writeFileSync(this.#file, text, 'latin1');
    const { files, machine, userActions } = this.#system;
    const opened = await openRuntime({
      system: this.#system,
      registry: builtin,
      load: { paths: [this.#file], macros: [], build: this.#build(), files, accounts, machine, keepsLines: false, mustBeTrusted: false },
      userActions,
      spawner: new DirectSpawner(),
      writeStderr: (octets) => this.#error.write(octets),
    });
    this.#opened.set(text, opened);
    return opened;
  }

  get #file(): string {
    return join(this.#world.folder, 'exim.conf');
  }

  close(): void {
    for (const opened of this.#opened.values()) if (opened.kind === 'ok') opened.runtime.close();
    this.#system.close();
  }

  #build(): BuildSettings {
    return {
      preset: 'custom',
      configureFiles: [this.#file],
      spoolDirectory: '/nowhere',
      logFilePath: '',
      eximUser: { name: 'Debian-exim', uid: EXIM.uid },
      eximGroup: { name: 'Debian-exim', gid: EXIM.gid },
      configureOwners: [],
      configureGroups: [],
      fixedNeverUsers: [0],
      trustedConfigList: undefined,
      whitelistDMacros: [],
      eximPath: '/usr/sbin/exim4',
      submitSocket: '/nowhere',
      dropDirectory: '/nowhere',
    };
  }

  async #run({ args, stdin = '', user = 'root', calledAs = 'exim' }: Omit<SubmissionCase, 'name'>, runtime: Runtime): Promise<Ran> {
    const ids = this.#world.ids();
    const given = args.map((arg) => octetsFromUnicode(arg).replace(/MSG(\d)/g, (_, number) => ids[Number(number) - 1] ?? ''));
    const parsed = parseArguments(calledAs, given);
    if (parsed.kind === 'error') return { status: parsed.status, stdout: '', stderr: `${parsed.message}\n` };
    const out = collector();
    const error = collector();
    this.#error = error;
    const input = Readable.from([Buffer.from(stdin, 'latin1')]);
    const context: ModeContext = {
      invocation: parsed.invocation,
      io: {
        stdin: input,
        stdout: out,
        stderr: error,
        isTerminal: false,
        connection: () =>
          this.#system.net.ofStream(
            Duplex.from({
              readable: input,
              writable: new Writable({
                write: (chunk: Buffer, _encoding, done) => {
                  out.write(chunk.toString('latin1'));
                  done();
                },
              }),
            }),
          ),
      },
      system: this.#system,
      build: this.#build(),
      registry: builtin,
      callerIds: IDS[user],
      script: '',
      argv: [],
      daemon: {
        runtime,
        deliveries: (callers) =>
          new Foreground(callers, parsed.invocation.isVerbose ? { onDelivery: (id) => error.write(`delivering ${id}\n`) } : {}),
      },
    };
    const status = await runMode(context);
    await runtime.services.log.written();
    return { status, stdout: out.text, stderr: error.text };
  }
}

function collector() {
  const collected = {
    text: '',
    write: (octets: string) => {
      collected.text += octets;
    },
  };
  return collected;
}
