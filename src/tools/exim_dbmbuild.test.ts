import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBerkeleyDb } from '../lookups/berkeley-db.ts';
import dbm from '../lookups/drivers/dbm.ts';
import dbmjz from '../lookups/drivers/dbmjz.ts';
import dbmnz from '../lookups/drivers/dbmnz.ts';
import { lookUp } from '../lookups/lookup-cases.ts';
import { createLookups } from '../lookups/lookups.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { fakeServices, testFrame } from '../system/fakes/services.ts';
import { runEximDbmbuild } from './exim_dbmbuild.ts';

const source = 'Abc: one\n  two\nabc: dup\n"q k": v\nempty\n: x\nuser:"realm": s\n';

async function build(files: MemoryFiles, ...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  async function* stdin() {
    yield Buffer.from('foo: bar\n');
  }
  const status = await runEximDbmbuild(
    args,
    {
      stdin: stdin(),
      stdout: {
        write: (text) => {
          out += text;
        },
      },
      stderr: {
        write: (text) => {
          err += text;
        },
      },
    },
    files,
  );
  return { status, out, err };
}

function makeFrame(files: MemoryFiles) {
  return testFrame({ services: fakeServices({ files, lookups: createLookups([dbm, dbmnz, dbmjz]) }) });
}

async function value(files: MemoryFiles, type: string, file: string, key: string): Promise<string | undefined> {
  const result = await lookUp(makeFrame(files), type, file, key);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.value.kind === 'found' ? result.value.value.octets : undefined;
}

test('builds, warns and reports as Exim’s program does', async () => {
  const files = new MemoryFiles({ files: { '/src': source } });
  assert.deepEqual(await build(files, '/src', '/out'), {
    status: 1,
    out: '5 entries written\n1 duplicate key \n',
    err: '** Duplicate key "abc"\n',
  });
  assert.deepEqual(files.paths(), ['/out', '/src']);
  assert.deepEqual(await build(files, '-noduperr', '-nowarn', '/src', '/out'), {
    status: 0,
    out: '5 entries written\n1 duplicate key \n',
    err: '',
  });
  assert.deepEqual(await build(files, '-nolc', '-nozero', '/src', '/nz'), { status: 0, out: '6 entries written\n', err: '' });
  assert.deepEqual(await build(files, '-', '/stdin'), { status: 0, out: '1 entry written\n', err: '' });
  assert.deepEqual(await build(files, '/src', '/src'), {
    status: 2,
    out: '',
    err: 'exim_dbmbuild: input and output filenames are the same\n',
  });
  assert.deepEqual(await build(files, '/none', '/x'), {
    status: 2,
    out: '',
    err: 'exim_dbmbuild: unable to open /none: No such file or directory\n',
  });
  assert.deepEqual(await build(files, '-nowarn', '/src', '/no/x'), {
    status: 2,
    out: '',
    err: 'exim_dbmbuild: unable to create /no/x.dbmbuild_temp: No such file or directory\n',
  });
  assert.equal((await build(files)).status, 1);

  assert.equal(await value(files, 'dbm', '/out', 'abc'), 'one two');
  assert.equal(await value(files, 'dbm', '/out', 'q k'), 'v');
  assert.equal(await value(files, 'dbm', '/out', 'empty'), '');
  assert.equal(await value(files, 'dbm', '/out', 'Abc'), undefined);
  assert.equal(await value(files, 'dbmnz', '/out', 'abc'), undefined);
  assert.equal(await value(files, 'dbmnz', '/nz', 'Abc'), 'one two');
  await build(files, '-lastdup', '-nowarn', '/src', '/last');
  assert.equal(await value(files, 'dbm', '/last', 'abc'), 'dup');
});

test('a file that is none', async () => {
  const files = new MemoryFiles({
    files: {
      '/text': 'a: b\n',
      '/gdbm': Buffer.from('ce9a57130000', 'hex').toString('latin1'),
      '/bdb': `${'\0'.repeat(12)}\x61\x15\x06\0${'\0'.repeat(600)}`,
    },
  });
  const message = async (file: string) => {
    const result = await lookUp(makeFrame(files), 'dbm', file, 'a');
    return 'message' in result ? result.message : result.kind;
  };
  assert.equal(await message('/text'), 'failed to open /text as a db (v4.1+) file: it has no known format');
  assert.equal(await message('/gdbm'), 'failed to open /gdbm as a db (v4.1+) file: damaged GDBM file');
  assert.equal(await message('/bdb'), 'failed to open /bdb as a db (v4.1+) file: damaged Berkeley DB file');
  assert.equal(readBerkeleyDb(Buffer.alloc(0)), undefined);
});

test('dbmjz joins the items of a list', async () => {
  const files = new MemoryFiles({ files: { '/src': '"user\\x00realm": secret\n' } });
  await build(files, '-nozero', '/src', '/jz');
  assert.equal(await value(files, 'dbmjz', '/jz', 'user : realm'), 'secret');
});
