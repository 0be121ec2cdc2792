/** Command lines over the submission socket, and messages in the drop directory: who calls, what goes back, what is refused. DESIGN 3.11. */
import assert from 'node:assert/strict';
import { linkSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { octetsFromBytes } from '../../base/octets.ts';
import { connectLocal } from '../../system/attached-process.ts';
import { SystemClock } from '../../system/clock.ts';
import { SystemFiles } from '../../system/files.ts';
import { SystemMachine } from '../../system/machine.ts';
import { Native } from '../../system/native.ts';
import { SystemRandom } from '../../system/random.ts';
import { Channel } from '../channel/channel.ts';
import { submitToDaemon } from './client.ts';
import { DropDirectory, type Dropped, dropMessage, droppedMessages } from './drop.ts';
import { type RunSubmission, SubmissionServer, TEMPORARY_FAILURE } from './server.ts';

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'submit-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Called {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly problems: readonly string[];
}

const withoutNative = new Native(() => {
  throw new Error('koffi is left out');
});

/** One command line over a socket; `during` gets the server while the call runs. */
async function call(
  context: TestContext,
  run: RunSubmission,
  { native = new Native(), input = '', args = [] as readonly string[] } = {},
): Promise<Called> {
  const socket = join(temporaryFolder(context), 'socket');
  const problems: string[] = [];
  const server = new SubmissionServer(run, (line) => problems.push(line));
  assert.equal((await server.listen(socket, native)).kind, 'ok');
  let stdout = '';
  let stderr = '';
  const status = await submitToDaemon(socket, {
    calledAs: 'sendmail',
    args,
    stdin: (async function* () {
      if (input !== '') yield Buffer.from(input, 'latin1');
    })(),
    stdout: { write: (octets) => (stdout += octets) },
    stderr: { write: (octets) => (stderr += octets) },
  });
  await server.close();
  return { status, stdout, stderr, problems };
}

const native = new Native();
const needsNative = { skip: !native.isAvailable && 'needs native calls' };

test('arguments, input, output, status and who calls', needsNative, async (context) => {
  const called = await call(
    context,
    async (submission) => {
      let input = '';
      for await (const chunk of submission.stdin) input += octetsFromBytes(chunk);
      const { calledAs, args, uid, gid } = submission;
      submission.stdout.write(JSON.stringify({ calledAs, args, uid, gid, input }));
      submission.stderr.write('caf\xe9\n');
      return 3;
    },
    { args: ['-t', 'caf\xe9 \0'], input: `\xff\0${'x'.repeat(300_000)}` },
  );
  assert.deepEqual(JSON.parse(called.stdout), {
    calledAs: 'sendmail',
    args: ['-t', 'caf\xe9 \0'],
    uid: process.getuid?.(),
    gid: process.getgid?.(),
    input: `\xff\0${'x'.repeat(300_000)}`,
  });
  assert.deepEqual([called.status, called.stderr, called.problems], [3, 'caf\xe9\n', []]);
});

test('input that nobody reads does not keep the call', needsNative, async (context) => {
  const called = await call(context, async () => 0, { input: 'x'.repeat(1_000_000) });
  assert.deepEqual([called.status, called.stdout], [0, '']);
});

test('input of a caller that is gone is broken off, not at its end', needsNative, async (context) => {
  const socket = join(temporaryFolder(context), 'socket');
  const seen = Promise.withResolvers<string>();
  const run: RunSubmission = async ({ stdin }) => {
    let input = '';
    try {
      for await (const chunk of stdin) {
        input += octetsFromBytes(chunk);
        if (input.endsWith('half')) begun.resolve();
      }
      seen.resolve(`${input}, all`);
    } catch (error) {
      seen.resolve(`${input}, ${error instanceof Error ? error.message : ''}`);
    }
    return 0;
  };
  const begun = Promise.withResolvers<void>();
  const server = new SubmissionServer(run, () => {});
  assert.equal((await server.listen(socket, native)).kind, 'ok');
  const connected = await connectLocal(socket);
  assert.ok(connected.kind === 'ok');
  const call = new Channel(connected.value).call({ calledAs: 'sendmail', args: [] });
  await call.write(Buffer.from('half'));
  await begun.promise;
  connected.value.destroy();
  assert.equal(await seen.promise, 'half, caller lost');
  await server.close();
});

test('without native calls nobody can tell who calls: try again later', async (context) => {
  const called = await call(context, async () => assert.fail('it must not run'), { native: withoutNative });
  assert.deepEqual([called.status, called.problems], [TEMPORARY_FAILURE, []]);
});

test('a failure of the daemon is told there, and is temporary here', needsNative, async (context) => {
  const called = await call(context, async () => {
    throw new Error('broken');
  });
  assert.deepEqual(
    [called.status, called.stderr, called.problems],
    [TEMPORARY_FAILURE, '', [`submission of uid ${process.getuid?.()} failed: broken`]],
  );
});

test('too many arguments are refused', needsNative, async (context) => {
  const called = await call(context, async () => 0, { args: Array.from({ length: 10_001 }, () => '') });
  assert.equal(called.status, 1);
});

test('no daemon', async (context) => {
  const call = { calledAs: 'exim', args: [], stdin: (async function* () {})(), stdout: { write: () => {} }, stderr: { write: () => {} } };
  assert.equal(await submitToDaemon(join(temporaryFolder(context), 'none'), call), undefined);
});

// ---------------------------------------------------------------- the drop directory

const files = new SystemFiles(native);
const system = { random: new SystemRandom(), machine: new SystemMachine() };

async function* content(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece, 'latin1');
}

function drop(directory: string, args: readonly string[], input: AsyncIterable<Uint8Array>) {
  return dropMessage({ files, directory }, system, { calledAs: 'sendmail', args }, input);
}

test('a dropped message comes back as it was, with its owner', async (context) => {
  const directory = temporaryFolder(context);
  assert.equal((await drop(directory, ['-t', 'caf\xe9\n'], content('Subject: x\n', '\n\xff\0\n'))).kind, 'ok');
  const problems: string[] = [];
  const [dropped, ...others] = [...droppedMessages({ files, directory }, (line) => problems.push(line))];
  assert.deepEqual([others, problems], [[], []]);
  assert.deepEqual(
    { ...dropped, path: '', message: dropped?.message.toString('latin1') },
    {
      path: '',
      uid: process.getuid?.(),
      gid: process.getgid?.(),
      calledAs: 'sendmail',
      args: ['-t', 'caf\xe9\n'],
      message: 'Subject: x\n\n\xff\0\n',
    },
  );
});

test('what is no message of one owner is passed over and told', (context) => {
  const directory = temporaryFolder(context);
  const whole = '{"calledAs":"sendmail","args":["a@b.test"]}\nSubject: x\n\n';
  writeFileSync(join(directory, 'begun.tmp'), whole);
  writeFileSync(join(directory, 'one.msg'), whole);
  linkSync(join(directory, 'one.msg'), join(directory, 'two.msg'));
  symlinkSync('/etc/passwd', join(directory, 'symbolic.msg'));
  mkdirSync(join(directory, 'directory.msg'));
  const malformed = {
    'no-json': 'hello\n',
    'no-object': '7\n',
    'no-args': '{"calledAs":"x"}\n',
    'no-line': '',
    'no-array': '{"calledAs":"x","args":"y"}\n',
  };
  for (const [name, text] of Object.entries(malformed)) writeFileSync(join(directory, `${name}.msg`), text);
  const problems: string[] = [];
  const found = [...droppedMessages({ files, directory }, (line) => problems.push(line.replace(`${directory}/`, '')))];
  assert.deepEqual(found, []);
  assert.deepEqual(problems.sort(), [
    'directory.msg: not a regular file with one name',
    'no-args.msg: malformed',
    'no-array.msg: malformed',
    'no-json.msg: malformed',
    'no-line.msg: malformed',
    'no-object.msg: malformed',
    'one.msg: not a regular file with one name',
    'symbolic.msg: Too many levels of symbolic links',
    'two.msg: not a regular file with one name',
  ]);
});

test('each pass takes a message once, tells a problem once, and removes what nobody goes on writing', async (context) => {
  const directory = temporaryFolder(context);
  await drop(directory, ['a@b.test'], content('Subject: one\n\n'));
  for (const name of ['bad.msg', 'new.tmp', 'old.tmp']) writeFileSync(join(directory, name), '');
  symlinkSync('/etc/passwd', join(directory, 'link.tmp'));
  mkdirSync(join(directory, 'directory.tmp'));
  const anHourAgo = Date.now() / 1000 - 3700;
  utimesSync(join(directory, 'old.tmp'), anHourAgo, anHourAgo);
  lutimesSync(join(directory, 'link.tmp'), anHourAgo, anHourAgo);
  const taken: Dropped[] = [];
  const problems: string[] = [];
  let answer = Promise.withResolvers<boolean>();
  const submit = (dropped: Dropped) => {
    taken.push(dropped);
    return answer.promise;
  };
  const passes = new DropDirectory(
    { files, directory, clock: new SystemClock() },
    { submit, onProblem: (line) => problems.push(line.replace(`${directory}/`, '')) },
  );

  const pass = passes.takeUp();
  await passes.takeUp();
  assert.equal(taken.length, 1, 'the first pass still has it');
  answer.resolve(false);
  await pass;
  assert.equal(readdirSync(directory).filter((name) => name.endsWith('.msg')).length, 2, 'it waits for better times');
  answer = Promise.withResolvers();
  answer.resolve(true);
  await passes.takeUp();
  await passes.takeUp();
  assert.equal(taken.length, 2);
  assert.deepEqual(problems, ['bad.msg: malformed']);
  assert.deepEqual(readdirSync(directory).sort(), ['bad.msg', 'directory.tmp', 'new.tmp']);
});

test('a message that is too large leaves nothing behind', async (context) => {
  const directory = temporaryFolder(context);
  const megabyte = 'x'.repeat(1 << 20);
  const result = await drop(directory, [], content(...Array.from({ length: 51 }, () => megabyte)));
  assert.deepEqual([result.kind, result.kind === 'error' && result.reason, readdirSync(directory)], ['error', 'File too large', []]);
});

test('without a drop directory the reason is told', async (context) => {
  const result = await drop(join(temporaryFolder(context), 'none'), [], content('x'));
  assert.equal(result.kind === 'error' && result.errno, 'ENOENT');
});
