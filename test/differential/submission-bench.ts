/** Runs a command line as the daemon runs it for its caller: the real modes on a spool of their own, nothing of the process itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex, Readable, Writable } from 'node:stream';
import { octetsFromUnicode } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { Foreground } from '../../src/cli/deliveries.ts';
import type { ModeContext } from '../../src/cli/mode.ts';
import { runMode } from '../../src/cli/modes.ts';
import type { BuildSettings } from '../../src/core/build-settings.ts';
import { openRuntime, type Runtime } from '../../src/process/runtime.ts';
import { createSystem, type SystemPorts } from '../../src/system/create-system.ts';
import { DirectSpawner } from '../../src/system/direct-spawner.ts';
import { FakeAccounts } from '../../src/system/fakes/host.ts';
import { configurationOf, type SubmissionCase } from './submission-cases.ts';
import { type Observation, type Ran, SubmissionWorld } from './submission-world.ts';

const accounts = new FakeAccounts(
  ['root:x:0:0:root:/root:/bin/sh', 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin'],
  ['root:x:0:', 'nogroup:x:65534:'],
);

const IDS = { root: { uid: 0, gid: 0, groups: [0] }, nobody: { uid: 65534, gid: 65534, groups: [65534] } } as const;

export class SubmissionBench {
  readonly #world: SubmissionWorld;
  readonly #system: SystemPorts = { ...createSystem(), accounts };
  /** Standard error of the command line that runs: the panic log's lines go there too. */
  #error = collector();

  /** `folder` is empty. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#world = new SubmissionWorld(folder);
  }

  async observe(each: SubmissionCase): Promise<Observation> {
    const world = this.#world;
    world.clear();
    const file = join(world.folder, 'exim.conf');
    // ids as the reference has them, so that lengths agree; and nothing that came behind 4.96
    const options = `${world.options()}message_id_format = short\nlimits_advertise_hosts =\n`;
    writeFileSync(file, octetsFromUnicode(configurationOf(options, each)), 'latin1');
    const build = this.#build(file);
    const opened = await openRuntime({
      system: this.#system,
      registry: builtin,
      load: {
        paths: [file],
        macros: [],
        build,
        files: this.#system.files,
        accounts,
        machine: this.#system.machine,
        keepsLines: false,
        mustBeTrusted: false,
      },
      userActions: this.#system.userActions,
      spawner: new DirectSpawner(),
      writeStderr: (text) => this.#error.write(text),
    });
    if (opened.kind === 'failed')
      return world.observe({ status: 1, stdout: '', stderr: opened.problems.map(({ message }) => `${message}\n`).join('') }, each);
    const { runtime } = opened;
    for (const before of each.before ?? []) await this.#run(before, runtime, build);
    const ran = await this.#run(each, runtime, build);
    runtime.close();
    return world.observe(ran, each);
  }

  close(): void {
    this.#system.close();
  }

  #build(file: string): BuildSettings {
    const uid = process.getuid?.() ?? 0;
    const gid = process.getgid?.() ?? 0;
    return {
      preset: 'custom',
      configureFiles: [file],
      spoolDirectory: '/nowhere',
      logFilePath: '',
      eximUser: { name: 'Debian-exim', uid: uid === 0 ? 102 : uid },
      eximGroup: { name: 'Debian-exim', gid: uid === 0 ? 105 : gid },
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

  async #run(
    { args, stdin = '', user = 'root', calledAs = 'exim' }: Omit<SubmissionCase, 'name'>,
    runtime: Runtime,
    build: BuildSettings,
  ): Promise<Ran> {
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
      build,
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
