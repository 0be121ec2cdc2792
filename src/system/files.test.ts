import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { OpenFile, SystemResult } from '../core/ports.ts';
import { SystemFiles } from './files.ts';
import { Native } from './native.ts';
import { testDirectory } from './test-directory.ts';

function value<T>(result: SystemResult<T>): T {
  if (result.kind === 'error') throw new Error(`${result.errno}: ${result.reason}`);
  return result.value;
}

const withoutNative = new Native(() => {
  throw new Error('not installed');
});

function makeFiles(native = new Native()): SystemFiles {
  return new SystemFiles(native);
}

function writeFile(files: SystemFiles, path: string, text: string, mode = 0o600): void {
  const file = value(files.open(path, 'create', mode));
  value(file.write(Buffer.from(text, 'latin1')));
  file.close();
}

test('what fails is a value with errno and strerror text', (context) => {
  const files = makeFiles();
  const dir = testDirectory(context);
  writeFile(files, `${dir}/file`, 'x');
  const cases: readonly (readonly [SystemResult<unknown>, string, string])[] = [
    [files.stat(`${dir}/none`), 'ENOENT', 'No such file or directory'],
    [files.stat(`${dir}/file/none`), 'ENOTDIR', 'Not a directory'],
    [files.open(`${dir}/none`, 'read'), 'ENOENT', 'No such file or directory'],
    [files.open(`${dir}/file`, 'create-exclusive'), 'EEXIST', 'File exists'],
    [files.readFile(dir), 'EISDIR', 'Is a directory'],
    [files.list(`${dir}/file`), 'ENOTDIR', 'Not a directory'],
    [files.mkdir(dir, 0o700), 'EEXIST', 'File exists'],
    [files.rmdir(`${dir}/file`), 'ENOTDIR', 'Not a directory'],
    [files.stat(`${dir}/a\0b`), 'EINVAL', 'Invalid argument'],
    [files.stat(`${dir}/${'n'.repeat(300)}`), 'ENAMETOOLONG', 'File name too long'],
  ];
  for (const [result, errno, reason] of cases) assert.deepEqual(result, { kind: 'error', errno, reason });
});

test('a path is octets: names that are not UTF-8 are written, listed and read', (context) => {
  const files = makeFiles();
  const dir = testDirectory(context);
  writeFile(files, `${dir}/caf\xe9`, 'one');
  writeFile(files, `${dir}/caf\xc3\xa9`, 'two');
  assert.deepEqual([...value(files.list(dir))].sort(), ['caf\xc3\xa9', 'caf\xe9']);
  assert.equal(value(files.readFile(`${dir}/caf\xe9`)).toString('latin1'), 'one');
  value(files.symlink('caf\xe9', `${dir}/link`));
  assert.equal(value(files.readlink(`${dir}/link`)), 'caf\xe9');
  assert.equal(value(files.realpath(`${dir}/link`)).endsWith('/caf\xe9'), true);
});

test('facts tell type, mode, size and both kinds of links', (context) => {
  const files = makeFiles();
  const dir = testDirectory(context);
  writeFile(files, `${dir}/file`, 'four', 0o640);
  value(files.chmod(`${dir}/file`, 0o640));
  value(files.link(`${dir}/file`, `${dir}/second`));
  value(files.symlink('file', `${dir}/symlink`));
  const facts = value(files.stat(`${dir}/symlink`));
  assert.deepEqual([facts.type, facts.mode, facts.sizeBytes, facts.links, facts.uid], ['file', 0o640, 4, 2, process.getuid?.()]);
  assert.equal(value(files.lstat(`${dir}/symlink`)).type, 'symlink');
  assert.equal(value(files.stat(dir)).type, 'directory');
  assert.equal(value(files.stat('/dev/null')).type, 'character');
  value(files.setTimes(`${dir}/file`, 1_000_000, 2_000_000));
  const changed = value(files.stat(`${dir}/file`));
  assert.deepEqual([changed.atimeMs, changed.mtimeMs, changed.mtimeNs], [1_000_000, 2_000_000, 2_000_000_000_000n]);
});

test('a symbolic link is not followed when that is asked', (context) => {
  const files = makeFiles();
  const dir = testDirectory(context);
  value(files.symlink('/etc/passwd', `${dir}/link`));
  const result = files.open(`${dir}/link`, 'read', 0, true);
  assert.equal(result.kind === 'error' && result.errno, 'ELOOP');
});

test('reading is bounded, synchronously and in the thread pool', async (context) => {
  const files = makeFiles();
  const path = `${testDirectory(context)}/file`;
  writeFile(files, path, 'x'.repeat(300_000));
  assert.equal(value(files.readFile(path, 300_000)).length, 300_000);
  assert.equal(value(await files.readFileAsync(path, 300_000)).length, 300_000);
  for (const result of [files.readFile(path, 299_999), await files.readFileAsync(path, 299_999)]) {
    assert.equal(result.kind === 'error' && result.errno, 'EFBIG');
  }
  assert.equal(value(files.readFile('/proc/self/status')).includes('VmRSS'), true, 'a file that says size 0 is read to its end');
  const endless = files.readFile('/dev/zero', 10_000);
  assert.equal(endless.kind === 'error' && endless.errno, 'EFBIG');
});

test('a fifo without a writer does not stop the process', (context) => {
  const files = makeFiles();
  const path = `${testDirectory(context)}/fifo`;
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  assert.equal(value(files.readFile(path)).length, 0);
  const writing = files.open(path, 'write');
  assert.equal(writing.kind === 'error' && writing.errno, 'ENXIO');
});

test('big transfers and positions', async (context) => {
  const files = makeFiles();
  const path = `${testDirectory(context)}/file`;
  const file = value(files.open(path, 'create-exclusive'));
  context.after(() => file.close());
  value(await file.writeAsync(Buffer.alloc(1 << 20, 'a')));
  value(file.write(Buffer.from('end')));
  const buffer = Buffer.alloc(10);
  assert.equal(value(await file.readAsync(buffer, (1 << 20) - 1)), 4);
  assert.equal(buffer.toString('latin1', 0, 4), 'aend');
  value(file.truncate(2));
  assert.equal(value(file.facts()).sizeBytes, 2);
  assert.equal((await file.fsync()).kind, 'ok');
});

test('writing to a full device fails as a value', () => {
  const file = value(makeFiles().open('/dev/full', 'write'));
  assert.deepEqual(file.write(Buffer.from('x')), { kind: 'error', errno: 'ENOSPC', reason: 'No space left on device' });
  file.close();
});

test('fsync of a directory: many wait for one, a missing one fails, a replaced one is opened again', async (context) => {
  const files = makeFiles();
  const dir = testDirectory(context);
  context.after(() => files.close());
  value(files.mkdir(`${dir}/queue`, 0o700));
  const results = await Promise.all(Array.from({ length: 100 }, () => files.fsyncDirectory(`${dir}/queue`)));
  assert.deepEqual(new Set(results.map((result) => result.kind)), new Set(['ok']));
  value(files.rmdir(`${dir}/queue`));
  const missing = await files.fsyncDirectory(`${dir}/queue`);
  assert.equal(missing.kind === 'error' && missing.errno, 'ENOENT');
  value(files.mkdir(`${dir}/queue`, 0o700));
  assert.equal((await files.fsyncDirectory(`${dir}/queue`)).kind, 'ok');
});

test('more directories than are kept open can be synchronised', async (context) => {
  const files = makeFiles();
  const dir = testDirectory(context);
  context.after(() => files.close());
  const before = value(files.list('/proc/self/fd')).length;
  for (let i = 0; i < 150; i++) {
    value(files.mkdir(`${dir}/${i}`, 0o700));
    assert.equal((await files.fsyncDirectory(`${dir}/${i}`)).kind, 'ok');
  }
  assert.ok(value(files.list('/proc/self/fd')).length <= before + 64);
});

function openLocked(files: SystemFiles, path: string): OpenFile {
  return value(files.open(path, 'read-write-create'));
}

test('a lock belongs to the open file: a second one is refused, closing another descriptor does not free it', {
  skip: !new Native().isAvailable && 'koffi is not installed',
}, (context) => {
  const files = makeFiles();
  const path = `${testDirectory(context)}/file`;
  const first = openLocked(files, path);
  const second = openLocked(files, path);
  assert.equal(first.lock('exclusive', 0, 18), 'ok');
  assert.equal(second.lock('exclusive', 0, 18), 'would-block');
  assert.equal(second.lock('exclusive', 18, 0), 'ok', 'another part of the file');
  openLocked(files, path).close();
  assert.equal(second.lock('shared', 0, 18), 'would-block');
  assert.equal(first.lock('unlock', 0, 18), 'ok');
  assert.equal(second.lock('shared', 0, 18), 'ok');
  assert.equal(first.lock('shared', 0, 18), 'ok');
  first.close();
  second.close();
});

test('the fcntl lock of another program is respected both ways', {
  skip: !new Native().isAvailable && 'koffi is not installed',
}, (context) => {
  const files = makeFiles();
  const path = `${testDirectory(context)}/file`;
  const file = openLocked(files, path);
  context.after(() => file.close());
  const tryLock = `import fcntl,sys\nf=open(sys.argv[1],'r+')\ntry:\n fcntl.lockf(f, fcntl.LOCK_EX|fcntl.LOCK_NB)\n print('got')\nexcept OSError: print('refused')`;
  const other = () => spawnSync('python3', ['-c', tryLock, path], { encoding: 'latin1' });
  if (other().error) return context.skip('python3 is not installed');
  assert.equal(other().stdout.trim(), 'got');
  assert.equal(file.lock('exclusive', 0, 0), 'ok');
  assert.equal(other().stdout.trim(), 'refused');
});

test('without native calls a lock says so', (context) => {
  const file = openLocked(makeFiles(withoutNative), `${testDirectory(context)}/file`);
  assert.equal(file.lock('exclusive', 0, 0), 'unsupported');
  file.close();
});
