import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesFromOctets, octetsFromBytes } from '../base/octets.ts';
import type { AcceptedMessage, MessageEnvelope } from '../core/index.ts';
import { UNTRIED_MESSAGE } from '../core/index.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeMachine } from '../system/fakes/host.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { memoryBody, withoutCarriageReturns } from './body.ts';
import type { Claim } from './claims.ts';
import { MessageIds, secondsOfId } from './message-id.ts';
import { Spool, type SpoolSettings } from './spool.ts';

const settings: SpoolSettings = {
  directory: '/spool',
  split: false,
  idFormat: 'long',
  owner: { uid: 93, gid: 93 },
  writesMessageLogs: true,
  preservesMessageLogs: false,
  removalDelayMs: 0,
};

function envelope(change: Partial<MessageEnvelope> = {}): MessageEnvelope {
  return {
    sender: 's@x.y',
    recipients: [{ address: 'a@test.ex' }],
    headers: [{ type: ' ', text: 'Subject: x\n' }],
    bodyLineCount: 1,
    bodyZeroCount: 0,
    maxReceivedLineLength: 10,
    receivedAtMs: 1795267748183,
    receivedUsec: 183150,
    isUtf8: false,
    dsn: {},
    aclM: new Map(),
    origin: { callerLogin: 'exim', callerUid: 93, callerGid: 93, isLocal: false, aclC: new Map() },
    ...UNTRIED_MESSAGE,
    ...change,
  };
}

function fixture(change: Partial<SpoolSettings> = {}) {
  const clock = new FakeClock();
  const files = new MemoryFiles({ clock });
  const parts = { files, clock, machine: new FakeMachine(), log: new FakeLog() };
  return {
    clock,
    files,
    parts,
    spool: new Spool({ ...parts, settings: { ...settings, ...change } }),
    other: () => new Spool({ ...parts, settings: { ...settings, ...change } }),
  };
}

async function accept(spool: Spool, body = 'body\n'): Promise<AcceptedMessage> {
  const begun = spool.begin();
  assert.equal(begun.kind, 'ok');
  if (begun.kind !== 'ok') return assert.fail();
  await begun.sink.write(bytesFromOctets(body));
  const done = await begun.sink.commit(envelope());
  return done.kind === 'ok' ? done.value : assert.fail(done.reason);
}

async function bodyText(body: AcceptedMessage['message']['body']): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body.chunks({ endMs: Infinity, signal: new AbortController().signal })) chunks.push(chunk);
  return octetsFromBytes(Buffer.concat(chunks));
}

const dirty = /[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}/;

test('an accepted message is -D and -H, and loads as what it was', async () => {
  const { files, spool, other } = fixture();
  const { message, claim } = await accept(spool);
  assert.match(message.id, dirty);
  assert.deepEqual(files.paths('/spool'), [`/spool/input/${message.id}-D`, `/spool/input/${message.id}-H`]);
  assert.equal(files.text(`/spool/input/${message.id}-D`), `${message.id}-D\nbody\n`);
  assert.equal(other().claim(message.id).kind, 'busy', 'another process sees the lock');
  assert.equal(spool.claim(message.id).kind, 'busy', 'another task of this process too');
  claim.release();
  const again = other().claim(message.id);
  assert.ok(again.kind === 'ok');
  const loaded = other().load(again.claim);
  assert.ok(loaded.kind === 'ok');
  const { body: bodyThen, receivedAtMs: _then, ...then } = message;
  const { body: bodyNow, receivedAtMs: _now, frozenAt: _frozen, receiveDurationUsec: _duration, ...now } = loaded.message;
  assert.deepEqual(now, then);
  assert.equal(await bodyText(bodyNow), await bodyText(bodyThen));
});

test('a message moves to a named queue and back, whole and locked', async () => {
  const { files, spool, other } = fixture();
  const accepted = await accept(spool);
  const { id } = accepted.message;
  accepted.claim.release();
  const claiming = spool.claim(id);
  assert.ok(claiming.kind === 'ok');
  const { claim } = claiming;
  await spool.journal(claim, ['a@b']);
  spool.appendMessageLog(claim, ['line\n']);
  files.put(`/spool/slow/input/${id}-D`, 'of a move that was cut off');
  assert.deepEqual(await spool.move(claim, 'slow'), { kind: 'ok', value: undefined });
  const moved = ['-D', '-H', '-J'].map((suffix) => `/spool/slow/input/${id}${suffix}`);
  assert.deepEqual(files.paths('/spool').sort(), [...moved, `/spool/slow/msglog/${id}`]);
  assert.deepEqual([spool.scan(), spool.inQueue('slow').scan()], [[], [id]]);
  assert.equal(other().inQueue('slow').claim(id).kind, 'busy', 'the lock goes with it');
  claim.release();
  const again = other().inQueue('slow').claim(id);
  assert.ok(again.kind === 'ok');
  const loaded = other().inQueue('slow').load(again.claim);
  assert.ok(loaded.kind === 'ok');
  assert.equal(loaded.message.queueName, 'slow');
  assert.ok(loaded.message.nonRecipients.has('a@b'));
  assert.equal(await bodyText(loaded.message.body), 'body\n');
  files.put(`/spool/input/${id}-H`, 'another');
  assert.equal((await other().inQueue('slow').move(again.claim, '')).kind, 'error');
  files.unlink(`/spool/input/${id}-H`);
  assert.equal((await other().inQueue('slow').move(again.claim, '')).kind, 'ok');
  assert.deepEqual(spool.scan(), [id]);
  again.claim.release();
});

test('a message is accepted into a named queue, durable with its directories', async () => {
  const { files, spool } = fixture({ split: true });
  const synced: string[] = [];
  const { fsyncDirectory } = files;
  files.fsyncDirectory = (path) => {
    synced.push(path);
    return fsyncDirectory.call(files, path);
  };
  const begun = spool.begin('slow');
  assert.ok(begun.kind === 'ok');
  await begun.sink.write(Buffer.from('body\n'));
  const committed = await begun.sink.commit(envelope({ queueName: 'asked for too late' }));
  assert.ok(committed.kind === 'ok');
  const { message, claim } = committed.value;
  const directory = `/spool/slow/input/${message.id[5]}`;
  assert.equal(message.queueName, 'slow', 'where it is');
  assert.deepEqual(files.paths('/spool').sort(), [`${directory}/${message.id}-D`, `${directory}/${message.id}-H`]);
  assert.deepEqual(synced, ['/spool', '/spool/slow', '/', '/spool/slow/input', directory]);
  assert.equal(spool.isHeldHere(message.id), true, 'a claim is of the whole spool');
  claim.release();
  synced.length = 0;
  const next = spool.begin('slow');
  assert.ok(next.kind === 'ok');
  assert.notEqual(next.sink.id, message.id);
  assert.equal((await next.sink.commit(envelope())).kind, 'ok');
  assert.deepEqual(synced, [directory], 'only once');
});

test('queues of a spool share ids, claims and their end', async () => {
  const { files, spool } = fixture();
  const slow = spool.inQueue('slow');
  assert.equal(slow.inQueue(''), spool);
  assert.equal(spool.inQueue('slow'), slow);
  const ids = [spool.newId(), slow.newId(), spool.newId()];
  assert.equal(new Set(ids).size, 3);
  files.put('/spool/fast/input/x', '');
  files.put('/spool/msglog/x', '');
  files.put('/spool/.hidden/input/x', '');
  assert.deepEqual(
    [...slow.queues()].map(({ queueName }) => queueName),
    ['', 'fast'],
  );
  const accepted = await accept(slow);
  const { claim, message } = accepted;
  assert.equal(slow.remove(claim as Claim).kind, 'ok'); // the spool's own claims are Claims
  await spool.close();
  assert.deepEqual(files.paths('/spool/slow'), [], `closing one removes what is left of ${message.id}`);
});

test('a kept message log stays in its queue', async () => {
  const { files, spool } = fixture({ preservesMessageLogs: true });
  const slow = spool.inQueue('slow');
  const { message, claim } = await accept(slow);
  slow.appendMessageLog(claim as Claim, ['line\n']); // the spool's own claims are Claims
  slow.remove(claim as Claim);
  await spool.close();
  assert.deepEqual(files.paths('/spool'), [`/spool/slow/msglog.OLD/${message.id}`]);
});

test('queues that nobody uses are forgotten', () => {
  const { spool } = fixture();
  const first = spool.inQueue('a');
  for (let i = 0; i < 1000; i++) spool.inQueue(String(i));
  assert.notEqual(spool.inQueue('a'), first);
  assert.equal(spool.inQueue(''), spool);
});

test('large bodies go to -D as they come and are read in chunks', async () => {
  const { spool } = fixture();
  const begun = spool.begin();
  assert.ok(begun.kind === 'ok');
  const part = `${'x'.repeat(49_999)}\n`;
  for (let i = 0; i < 5; i++) await begun.sink.write(bytesFromOctets(part));
  const before = begun.sink.body();
  assert.equal(before.sizeBytes, 250_000);
  const tail = before.tail(3);
  assert.equal(tail.kind === 'ok' && octetsFromBytes(tail.value), 'xx\n');
  const done = await begun.sink.commit(envelope());
  assert.ok(done.kind === 'ok');
  assert.equal(done.value.message.body.bytes, undefined);
  assert.equal(await bodyText(done.value.message.body), part.repeat(5));
});

test('an aborted message leaves nothing; a failing disk too', async () => {
  const { files, spool } = fixture();
  const begun = spool.begin();
  assert.ok(begun.kind === 'ok');
  begun.sink.abort();
  assert.deepEqual(files.paths('/spool'), []);
  const next = spool.begin();
  assert.ok(next.kind === 'ok');
  files.failOn('fsync', '/spool/input', 'EIO');
  const done = await next.sink.commit(envelope());
  assert.equal(done.kind, 'error');
  assert.deepEqual(files.paths('/spool'), []);
});

test('the journal counts after a crash, a torn last line does not', async () => {
  const { files, spool, other } = fixture();
  const { message, claim } = await accept(spool);
  await spool.journal(claim as Claim, ['a@test.ex', '/tmp/x:multi@test.ex']); // a Spool gives Claims
  claim.release();
  const path = `/spool/input/${message.id}-J`;
  files.put(path, `${files.text(path) ?? ''}torn@te`);
  const second = other();
  const taken = second.claim(message.id);
  assert.ok(taken.kind === 'ok');
  const loaded = second.load(taken.claim);
  assert.ok(loaded.kind === 'ok');
  assert.deepEqual([...loaded.message.nonRecipients], ['a@test.ex', '/tmp/x:multi@test.ex']);
  await second.journal(taken.claim, ['b@test.ex']);
  assert.equal(files.text(path), 'a@test.ex\n/tmp/x:multi@test.ex\ntorn@te\nb@test.ex\n');
  await second.rewrite(taken.claim, { ...loaded.message, isFirstDelivery: false });
  assert.equal(files.text(path), undefined);
  assert.match(files.text(`/spool/input/${message.id}-H`) ?? '', /\nNN .*\n|\nY/);
});

test('a journal that cannot be read keeps the message: it may say that all was delivered', async () => {
  for (const errno of ['EIO', 'EACCES', 'EFBIG']) {
    const { files, spool } = fixture();
    const { message, claim } = await accept(spool);
    await spool.journal(claim as Claim, ['a@test.ex']); // a Spool gives Claims
    files.failOn('read', `/spool/input/${message.id}-J`, errno);
    const loading = spool.load(claim as Claim);
    assert.ok(loading.kind === 'error' && loading.errno === errno, errno);
  }
});

test('a removal unlinks -H, syncs the directory, then the rest', async () => {
  const { files, spool } = fixture({ removalDelayMs: 1000 });
  const { message, claim } = await accept(spool);
  spool.appendMessageLog(claim as Claim, ['x\n']); // a Spool gives Claims
  spool.remove(claim as Claim);
  assert.deepEqual(files.paths('/spool'), [`/spool/input/${message.id}-D`, `/spool/msglog/${message.id}`]);
  assert.deepEqual(spool.scan(), []);
  await spool.settle();
  assert.deepEqual(files.paths('/spool'), []);
});

test('both kinds of spool are read, whatever the option says now', async () => {
  const flat = fixture();
  const first = await accept(flat.spool);
  const split = new Spool({ ...flat.parts, settings: { ...settings, split: true } });
  const second = await accept(split);
  assert.match(flat.files.paths('/spool/input').join(' '), new RegExp(`/spool/input/${second.message.id[5]}/${second.message.id}-H`));
  assert.deepEqual(split.scan(), [first.message.id, second.message.id].sort());
  assert.ok(flat.spool.exists(second.message.id));
});

test('orphans go after an hour, unless they are locked', async () => {
  const { clock, files, spool, other } = fixture();
  const begun = spool.begin();
  assert.ok(begun.kind === 'ok');
  files.put('/spool/input/1xUl9Q-000000003y7-0a2b-J', 'a\n');
  await clock.advance(3_700_000);
  assert.equal(other().removeOrphans(), 1);
  begun.sink.abort();
  files.put('/spool/input/1xUl9Q-000000003y7-0a2b-D', '1xUl9Q-000000003y7-0a2b-D\n');
  files.put('/spool/input/hdr.1xUl9Q-000000003y7-0a2b', '');
  assert.equal(spool.removeOrphans(), 0);
  await clock.advance(3_700_000);
  assert.equal(spool.removeOrphans(), 2);
  assert.deepEqual(files.paths('/spool'), []);
});

test('ids never repeat in a process and keep their format', () => {
  const clock = new FakeClock();
  const ids = new MessageIds(clock, new FakeMachine());
  const made = new Set(Array.from({ length: 1000 }, () => ids.next()));
  assert.equal(made.size, 1000);
  for (const id of made) assert.match(id, dirty);
  assert.equal(secondsOfId([...made][0] ?? ''), clock.now() / 1000);
  assert.match(new MessageIds(clock, new FakeMachine(), 'short', 3).next(), /^[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}$/);
});

test('CRLF bodies of spool_wireformat are read with \\n', async () => {
  const chunks = async function* () {
    yield* [Buffer.from('a\r'), Buffer.from('\nb\rc\r\n'), Buffer.from('d\r')];
  };
  let text = '';
  for await (const chunk of withoutCarriageReturns(chunks())) text += chunk.toString('latin1');
  assert.equal(text, 'a\nb\rc\nd\r');
  assert.equal(await bodyText(memoryBody(Buffer.from('xy'))), 'xy');
});
