import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageEnvelope } from '../core/index.ts';
import { UNTRIED_MESSAGE } from '../core/index.ts';
import { createLists } from '../lists/lists.ts';
import { Spool } from '../spool/spool.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeMachine } from '../system/fakes/host.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { fakeServices, testConfig } from '../system/fakes/services.ts';
import type { DeliveryReason } from './attempt.ts';
import {
  type ActionContext,
  addRecipients,
  editSender,
  freezeMessage,
  giveUpMessage,
  markDelivered,
  moveMessage,
  removeMessage,
  showCopy,
  showFile,
  thawMessage,
} from './message-actions.ts';
import { countQueue, formatAge, formatSize, listQueue } from './queue-list.ts';
import { flagsOf, leftBehind, type QueueRunOptions, runQueue } from './queue-run.ts';

const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

function fixture() {
  const clock = new FakeClock();
  const files = new MemoryFiles({ clock });
  const log = new FakeLog();
  const services = fakeServices({ clock, files, log, lists: createLists() });
  const config = testConfig({ main: { received_header_text: undefined, dsn_from: undefined, queue_run_in_order: true } });
  const spool = new Spool({
    files,
    clock,
    machine: services.machine,
    log,
    settings: {
      directory: '/spool',
      split: false,
      idFormat: 'long',
      owner: { uid: 93, gid: 93 },
      writesMessageLogs: true,
      preservesMessageLogs: false,
      removalDelayMs: 0,
    },
  });
  const handedOver: string[] = [];
  const parts = {
    config,
    services,
    spool,
    handOver: (accepted: { message: { id: string }; claim: { release(): void } }) => {
      handedOver.push(accepted.message.id);
      accepted.claim.release();
    },
  };
  const context: ActionContext = { parts, login: 'root', caller: { uid: 0, isAdmin: true }, until };
  const accept = async (change: Partial<MessageEnvelope> = {}): Promise<string> => {
    const begun = spool.begin(change.queueName);
    if (begun.kind !== 'ok') return assert.fail(begun.reason);
    await begun.sink.write(Buffer.from('body\n'));
    const done = await begun.sink.commit({
      sender: 's@x.y',
      recipients: [{ address: 'a@test.ex' }, { address: 'B@Test.ex' }],
      headers: [
        { type: ' ', text: 'Subject: x\n' },
        { type: '*', text: 'Gone: y\n' },
      ],
      bodyLineCount: 1,
      bodyZeroCount: 0,
      maxReceivedLineLength: 10,
      receivedAtMs: clock.now(),
      receivedUsec: 0,
      isUtf8: false,
      dsn: {},
      aclM: new Map(),
      origin: { callerLogin: 'me', callerUid: 7, callerGid: 7, isLocal: false, aclC: new Map() },
      ...UNTRIED_MESSAGE,
      ...change,
    });
    if (done.kind !== 'ok') return assert.fail(done.reason);
    done.value.claim.release();
    return done.value.message.id;
  };
  return { clock, files, log, spool, services, config, context, accept, handedOver };
}

test('-bp, -bpu, -bpa, -bpc', async () => {
  const { spool, clock, accept } = fixture();
  const first = await accept({ nonRecipients: new Set(['B@test.ex', 'child@x']) });
  await clock.advance(25 * 60_000);
  const second = await accept({ sender: '', frozenAt: 1, recipients: [{ address: 's@x.y' }] });
  const third = await accept({ isSenderSetUntrusted: true });
  assert.deepEqual(
    [...listQueue(spool, clock.now())],
    [
      `25m    17 ${first} <s@x.y>\n          a@test.ex\n        D B@Test.ex\n\n`,
      ` 0m    17 ${second} <> *** frozen ***\n          s@x.y\n\n`,
      ` 0m    17 ${third} <s@x.y> (me)\n          a@test.ex\n          B@Test.ex\n\n`,
    ],
  );
  assert.deepEqual(
    [...listQueue(spool, clock.now(), { undeliveredOnly: true, ids: [first] })],
    [`25m    17 ${first} <s@x.y>\n          a@test.ex\n\n`],
  );
  assert.match(
    [...listQueue(spool, clock.now(), { showsGenerated: true, ids: [first] })].join(''),
    /\n {8}D B@Test.ex\n {7}\+D child@x\n\n$/,
  );
  assert.equal(countQueue(spool), 3);
});

test('ages and sizes', () => {
  const minute = 60_000;
  assert.deepEqual(
    [0, 90, 91, 120, 72 * 60, 73 * 60].map((age) => formatAge(age * minute)),
    [' 0m', '90m', ' 2h', ' 2h', '72h', ' 3d'],
  );
  assert.deepEqual([251, 1023, 1300, 10_300, 1_015_000, 1_050_000, 20_300_000].map(formatSize), [
    '  251',
    ' 1023',
    ' 1.3K',
    '  10K',
    ' 991K',
    ' 1.0M',
    '  19M',
  ]);
});

test('-MG', async () => {
  const { context, accept, log } = fixture();
  const id = await accept();
  assert.deepEqual(await moveMessage(id, 'slow', context), { text: `Message ${id} \n`, isOk: true });
  assert.equal((await moveMessage(id, 'other', context)).text, `Spool data file for ${id} does not exist\n`);
  const inSlow = { ...context, parts: { ...context.parts, spool: context.parts.spool.inQueue('slow') } };
  assert.equal((await moveMessage(id, '', inSlow)).text, `Message ${id} \n`);
  assert.deepEqual(log.mainLines, [
    'moved from input, msglog to (slow) input, msglog',
    `Spool file ${id}-D not found`,
    'moved from (slow) input, msglog to input, msglog',
  ]);
  assert.equal((await moveMessage(id, 'slow', { ...context, caller: { uid: 8, isAdmin: false } })).text, 'Permission denied\n');
});

test('-Mf and -Mt', async () => {
  const { context, accept, log } = fixture();
  const id = await accept();
  assert.equal((await freezeMessage(id, context)).text, `Message ${id} is now frozen\n`);
  assert.equal((await freezeMessage(id, context)).text, `Message ${id} is already frozen\n`);
  assert.equal((await thawMessage(id, context)).text, `Message ${id} is no longer frozen\n`);
  assert.equal((await thawMessage(id, context)).text, `Message ${id} is not frozen\n`);
  assert.deepEqual(log.mainLines, ['frozen by root', 'unfrozen by root']);
  assert.equal(
    (await freezeMessage('1xUlY0-00000000Jq1-0029', context)).text,
    'Spool data file for 1xUlY0-00000000Jq1-0029 does not exist\n',
  );
});

test('-Mar, -Mmd, -Mmad, -Mes', async () => {
  const { context, accept, log, spool } = fixture();
  const id = await accept();
  assert.equal(
    (await addRecipients(id, ['new@x.y', 'other'], context)).text,
    `Message ${id} - error while adding recipient:\n  bad address other: domain missing\n`,
  );
  assert.equal((await addRecipients(id, ['new@x.y'], context)).text, `Message ${id} has been modified\n`);
  assert.equal(
    (await markDelivered(id, ['nn@x'], context)).text,
    `Message ${id} - error while marking as delivered:\n  nn@x is not a recipient: message not updated\n`,
  );
  assert.equal((await markDelivered(id, ['a@test.ex'], context)).isOk, true);
  assert.equal((await editSender(id, ['ss@x.y'], context)).isOk, true);
  assert.equal((await markDelivered(id, undefined, context)).isOk, true);
  assert.deepEqual(log.mainLines, [
    'recipient <new@x.y> added by root',
    'address <a@test.ex> marked delivered by root',
    'sender address changed to <ss@x.y> by root',
    'address <a@test.ex> marked delivered by root',
    'address <B@Test.ex> marked delivered by root',
    'address <new@x.y> marked delivered by root',
  ]);
  const peeked = spool.peek(id);
  assert.ok(peeked.kind === 'ok');
  assert.equal(peeked.message.sender, 'ss@x.y');
  assert.equal(peeked.message.nonRecipients.size, 3);
});

test('-Mrm: own messages or an administrator; a message in delivery is left alone', async () => {
  const { context, accept, log, spool } = fixture();
  const id = await accept();
  assert.equal((await removeMessage(id, { ...context, caller: { uid: 8, isAdmin: false } })).text, 'Permission denied\n');
  const claiming = spool.claim(id);
  assert.ok(claiming.kind === 'ok');
  assert.equal((await removeMessage(id, context)).text, `Message ${id} is locked\n`);
  assert.equal((await freezeMessage(id, context)).text, `Message ${id} is locked\n`);
  claiming.claim.release();
  assert.equal(
    (await removeMessage(id, { ...context, login: 'me', caller: { uid: 7, isAdmin: false } })).text,
    `Message ${id} has been removed\n`,
  );
  await spool.settle();
  const locked = `Spool file for ${id} is locked (another process is handling this message)`;
  assert.deepEqual(log.mainLines, [locked, locked, 'removed by me', 'Completed']);
  assert.match(
    (await removeMessage(id, context)).text,
    /^Spool data file for .* does not exist\nContinuing, to ensure all files removed\n[^]*has been removed or did not exist\n$/,
  );
});

test('-Mrm: who is no administrator removes nothing that cannot be read', async () => {
  const { context, accept, files, spool } = fixture();
  const other: ActionContext = { ...context, login: 'me', caller: { uid: 7, isAdmin: false } };
  const id = await accept();
  files.put(`/spool/input/${id}-H`, 'nonsense\n');
  assert.deepEqual(await removeMessage(id, other), { text: 'Permission denied\n', isOk: false });
  assert.equal((await removeMessage(id, context)).text, `Message ${id} has been removed\n`);
  await spool.settle();
  assert.deepEqual(await removeMessage(id, other), { text: `Spool data file for ${id} does not exist\n`, isOk: false });
});

test('-Mg bounces to the sender', async () => {
  const { context, accept, log, handedOver } = fixture();
  const id = await accept({ frozenAt: 5 });
  await giveUpMessage(id, context);
  assert.deepEqual([log.mainLines[0], log.mainLines.at(-1)], ['cancelled by root', 'Completed']);
  assert.equal(log.mainLines.length, 3);
  assert.match(log.mainLines[1] ?? '', new RegExp(`^<= <> R=${id} `));
  assert.equal(handedOver.length, 1);
});

test('-Mvh, -Mvb, -Mvl, -Mvc', async () => {
  const { context, accept } = fixture();
  const id = await accept();
  const shown = (what: 'data' | 'header') => {
    const chunks: Buffer[] = [];
    assert.ok(showFile(id, what, (bytes) => void chunks.push(bytes), context).isOk);
    return Buffer.concat(chunks).toString('latin1');
  };
  assert.equal(shown('data'), `${id}-D\nbody\n`);
  assert.match(shown('header'), new RegExp(`^${id}-H\nme 7 7\n<s@x.y>\n`));
  assert.equal(showFile(id, 'log', () => assert.fail(), context).isOk, false);
  const written: string[] = [];
  await showCopy(
    id,
    async (bytes) => {
      written.push(bytes.toString('latin1'));
    },
    context,
  );
  assert.equal(written.join(''), 'Subject: x\n\nbody\n');
});

const flagCases: [QueueRunOptions, string][] = [
  [{}, ''],
  [{ force: 'f' }, '-qf'],
  [{ force: 'ff', isTwoStage: true }, '-qqff'],
  [{ recipient: { text: 'zz', isRegex: false } }, '-R zz'],
  [{ force: 'ff', recipient: { text: 'zz', isRegex: false } }, '-qff -R zz'],
  [{ sender: { text: 's@', isRegex: true } }, '-Sr s@'],
  [{ isFirstOnly: true, isLocalOnly: true }, '-qil'],
];
test('a queue run is abandoned when the load is high, unless it is forced', async () => {
  const { accept, log, context } = fixture();
  await accept();
  await accept();
  const loads = [1, 3, 1];
  const { config, services } = context.parts;
  const parts = {
    ...context.parts,
    config: { ...config, main: { ...config.main, deliver_queue_load_max: 2 } },
    services: { ...services, machine: Object.assign(new FakeMachine(), { loadAverage: () => loads.shift() ?? 0 }) },
  };
  const delivered: string[] = [];
  const deliver = async (id: string) => delivered.push(id);
  await runQueue(parts, {}, deliver, until);
  assert.equal(delivered.length, 1);
  assert.ok(log.mainLines.includes('Abandon queue run: pid=1234 (load 3.00, max 2.00)'));
  loads.unshift(3);
  await runQueue(parts, { force: 'f' }, deliver, until);
  assert.equal(delivered.length, 3);
});

test('queue run lines', () => {
  for (const [options, expected] of flagCases) assert.equal(flagsOf(options), expected);
});

const inDefault = (id: string) => ({ id, queueName: '' });

test('what a crash left is found in every queue', async () => {
  const { accept, context, files } = fixture();
  const slow = await accept({ queueName: 'slow' });
  const first = await accept();
  await accept({ queueName: 'slow', frozenAt: 1 });
  files.put('/spool/db/x', 'no queue');
  const found = [inDefault(first), { id: slow, queueName: 'slow' }];
  assert.deepEqual([...leftBehind(context.parts)], found);
  const { spool } = context.parts;
  assert.deepEqual([...leftBehind({ spool: spool.inQueue('slow') })], found, 'whichever of them is asked');
});

test('a queue run takes what is selected, in order, and says so', async () => {
  const { accept, log, files, context } = fixture();
  const first = await accept();
  const second = await accept({ sender: 'Other@x', isFirstDelivery: false });
  const third = await accept({ nonRecipients: new Set(['a@test.ex']), frozenAt: 3 });
  const chosen = async (options: QueueRunOptions): Promise<[string, DeliveryReason][]> => {
    const seen: [string, DeliveryReason][] = [];
    await runQueue(
      context.parts,
      options,
      async (id, reason) => {
        seen.push([id, reason]);
      },
      until,
    );
    return seen;
  };
  const ids = async (options: QueueRunOptions) => (await chosen(options)).map(([id]) => id);
  assert.deepEqual(await ids({}), [first, second, third]);
  assert.deepEqual(log.mainLines, ['Start queue run: pid=1234', 'End queue run: pid=1234']);
  assert.deepEqual(await ids({ recipient: { text: 'A@TEST', isRegex: false } }), [first, second]);
  assert.deepEqual(await ids({ sender: { text: '^other', isRegex: true } }), [second]);
  assert.deepEqual(await ids({ isFirstOnly: true }), [first, third]);
  assert.deepEqual(await ids({ fromId: second, toId: second }), [second]);
  assert.deepEqual([...leftBehind(context.parts)], [inDefault(first)], 'neither tried before nor frozen');
  files.put(`/spool/input/${second}-J`, 'one@test.ex\n', 0o640);
  assert.deepEqual([...leftBehind(context.parts)], [first, second].map(inDefault), 'its delivery was cut off');
  files.unlink(`/spool/input/${second}-J`);
  assert.deepEqual((await chosen({ force: 'ff', isLocalOnly: true }))[0]?.[1], {
    isQueueRun: true,
    isForced: true,
    thaws: true,
    isLocalOnly: true,
  });
  assert.deepEqual(
    (await chosen({ isTwoStage: true })).map(([, reason]) => reason.isRoutingOnly ?? false),
    [true, true, true, false, false, false],
  );
});
