import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tainted } from '../core/text.ts';
import { fakeServices, testConfig, testFrame } from '../system/fakes/services.ts';
import { testDirectory } from '../system/test-directory.ts';
import sqlite from './drivers/sqlite.ts';
import { lookUp } from './lookup-cases.ts';
import { createLookups } from './lookups.ts';

const setUp = `create table t(id, name, n real, b blob);
insert into t values('a', 'A B', 1.5, x'ff41'); insert into t values('b', 'q"\\x', 2.0, null);
insert into t values('c', '', 3, ''); insert into t values('caf\xc3\xa9', 'plain', 3, '')`;

/** Compared with Exim 4.96's answers on the same table. */
const cases: readonly (readonly [query: string, found: string | undefined])[] = [
  ["select name from t where id='a'", 'A B'],
  ["select id,name from t where id='a'", 'id=a name="A B" '],
  [
    'select * from t',
    'id=a name="A B" n=1.5 b=\xffA \nid=b name=q"\\x n=2.0 b=<NULL> \nid=c name="" n=3.0 b="" \nid=caf\xc3\xa9 name=plain n=3.0 b="" ',
  ],
  ['select name from t', 'A B\nq"\\x\n\nplain'],
  ["select id from t where id='zz'", undefined],
  ["select name from t where id='c'", ''],
  ["insert into t values('z', 'z', 1, '')", undefined],
  ['select n from t', '1.5\n2.0\n3.0\n3.0\n1.0'],
  ['select 1;select 2', '1\n2'],
  ['select null', '<NULL>'],
  // As the sqlite3 program writes them.
  [
    'select 1e300 union all select 0.1 union all select -2.5e-7 union all select 123456789012345678.0',
    '1.0e+300\n0.1\n-2.5e-07\n1.23456789012346e+17',
  ],
  ['select 1e14 union all select 1e15 union all select 1.0/3 union all select 1e999', '100000000000000.0\n1.0e+15\n0.333333333333333\nInf'],
  ['select 0.0001 union all select 0.00001 union all select -0.0', '0.0001\n1.0e-05\n0.0'],
  ['select count(*) from t;', '5'],
  ["select name from t where id='caf\xc3\xa9'", 'plain'],
];

test('sqlite lookups', async (t) => {
  const directory = testDirectory(t);
  const lookups = createLookups([sqlite]);
  t.after(() => lookups.close());
  const frame = testFrame({ services: fakeServices({ lookups }), config: testConfig() });
  const type = `sqlite,file=${directory}/db`;
  assert.deepEqual(await lookUp(frame, type, undefined, setUp), { kind: 'ok', value: { kind: 'not-found' } });
  for (const [query, found] of cases) {
    const result = await lookUp(frame, type, undefined, query);
    assert.ok(result.kind === 'ok', `${query}: ${JSON.stringify(result)}`);
    assert.equal(result.value.kind === 'found' ? result.value.value.octets : undefined, found, query);
  }
  const before = await lookUp(frame, 'sqlite', undefined, `${directory}/db select 7`);
  assert.ok(before.kind === 'ok' && before.value.kind === 'found' && before.value.value.octets === '7');
  assert.deepEqual(await lookUp(frame, 'sqlite', undefined, 'select 1'), {
    kind: 'fail',
    message: 'absolute file name expected for "sqlite" lookup',
  });
  assert.deepEqual(await lookUp(frame, 'sqlite,file=db', undefined, 'select 1'), {
    kind: 'fail',
    message: 'absolute file name expected for "sqlite" lookup',
  });
  assert.deepEqual(await lookUp(frame, type, undefined, 'bad sql'), { kind: 'defer', message: 'sqlite: near "bad": syntax error' });
});

test('a tainted query: what quoting would change is refused, what it would not is obeyed and logged', async (t) => {
  const lookups = createLookups([sqlite]);
  t.after(() => lookups.close());
  const frame = testFrame({ services: fakeServices({ lookups }) });
  const ask = async (inner: string, quotedFor?: string) => {
    const parsed = lookups.parseType('sqlite,file=/nonexistent/x');
    assert.ok(parsed.kind === 'ok');
    const key = {
      octets: `select '${inner}'`,
      taint: tainted(inner, quotedFor).taint.map((span) => ({ ...span, from: span.from + 8, to: span.to + 8 })),
    };
    const result = await lookups.find({ type: parsed.type, file: undefined, key }, frame);
    return 'message' in result ? result.message : result.kind;
  };
  assert.equal(await ask("x' or 1"), "tainted search query is not properly quoted: select 'x' or 1'");
  assert.match(await ask('plain'), /^sqlite: unable to open/);
  assert.match(await ask("x'' or 1", 'sqlite'), /^sqlite: unable to open/);
  assert.match(await ask("x'' or 1", 'mysql'), /^tainted search query/);
});
