/**
 * One spool, two programs: with `message_id_format = short` Exim 4.96 lists and delivers what Eximius wrote, Eximius what Exim wrote,
 * and each leaves alone a message that the other one is delivering. Needs Exim and root.
 */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type CommandOptions, type CommandResult, MailServer, runCommand } from './support/mail-server.ts';
import { Place } from './support/place.ts';
import { missingReference, REFERENCE_USER, ReferenceServer, referenceFolder } from './support/reference.ts';
import { waitFor } from './support/wait.ts';

/** Either program on the common spool. */
interface Program {
  readonly name: string;
  exim(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** Mail for `later` waits until the file `open` exists, a delivery to `slow` lasts until `go` does. */
const config = (place: Place, program: string) => `
exim_user = ${REFERENCE_USER}
exim_group = ${REFERENCE_USER}
spool_directory = ${place.path('spool')}
log_file_path = ${place.path(`log/${program}-%slog`)}
local_interfaces = 127.0.0.1
primary_hostname = mx.test
qualify_domain = mx.test
keep_environment =
hosts_connection_nolog = *
queue_only
acl_not_smtp = note
acl_smtp_rcpt = note
begin acl
note:
  accept  set acl_m0 = first
          set acl_m_note = two words
          set acl_c_host = \${if def:sender_host_address{of a host}{of a user}}
begin routers
later:
  driver = redirect
  local_parts = later
  condition = \${if exists{${place.path('open')}}{no}{yes}}
  allow_defer
  data = :defer: not yet
slow:
  driver = accept
  local_parts = slow
  transport = slow
local:
  driver = accept
  local_parts = ann : ben : cat : later
  transport = file
begin transports
file:
  driver = appendfile
  file = ${place.path('mail')}/${program}/$message_exim_id-$local_part_data
  user = mail
  group = mail
  envelope_to_add
  return_path_add
  headers_add = X-Facts: <$sender_host_address> <$sender_host_port> <$sender_host_name> <$sender_helo_name> <$sender_ident> \\
    <$received_protocol> <$authenticated_id> <$authenticated_sender> <$interface_address> <$originator_uid> <$message_size> \\
    <$body_linecount> <$body_zerocount> <$message_linecount> <$acl_m0> <$acl_m_note> <$acl_c_host> <$received_time> <$recipients_count>
slow:
  driver = pipe
  command = /bin/sh -c "touch ${place.path('mail/started')}; until test -e ${place.path('go')}; do sleep 0.02; done"
  user = mail
  group = mail
begin retry
* * F,1d,15m
`;

const IDS = Array.from({ length: 300 }, (_, index) => `<${index}.${'x'.repeat(40)}@mx.test>`);

const MANY = 'To: ann@mx.test,\n ben@mx.test\nCc: Cat <cat@mx.test>\nBcc: later@mx.test\nX-Own: x\nSubject: many\n\nmany\n';

const SMTP =
  'EHLO client.test\r\nMAIL FROM:<joe@client.test> BODY=8BITMIME\r\nRCPT TO:<ann@mx.test>\r\nRCPT TO:<later@mx.test>\r\nDATA\r\n' +
  'Subject: smtp\r\n\r\n..dot\r\n\xe4\r\n.\r\nQUIT\r\n';

/** What -bs is told about the host that it speaks with. */
const HOST = [
  '-oMa',
  '192.0.2.7.4321',
  '-oMs',
  'client.test',
  '-oMt',
  'joe',
  '-oMaa',
  'plain',
  '-oMai',
  'joe user',
  '-oMi',
  '192.0.2.1.25',
];

/** All kinds of messages; nothing of them is delivered yet. */
const MESSAGES: readonly (readonly [args: readonly string[], input: string])[] = [
  [['-f', 'sender@mx.test', 'ann@mx.test'], 'Subject: 8 bit\nX-Bits: caf\xe9 \xff\n\nl\xe4ne\n\xff\n..\nno end of line'],
  [['-f', 'sender@mx.test', '-oi', '-t'], MANY],
  [['-f', '<>', 'ben@mx.test'], 'Subject: bounce\n\n'],
  [['-f', 'sender@mx.test', 'cat@mx.test'], `References: ${IDS.join('\n ')}\nX-Long: ${IDS.join('')}\n\n${'y'.repeat(9000)}\n`],
  [['-bs', ...HOST], SMTP],
];

async function fill(writer: Program, place: Place): Promise<void> {
  for (const [args, input] of MESSAGES) {
    const { status, stdout, stderr } = await writer.exim(['-odq', ...args], { input });
    assert.equal(status, 0, `${writer.name} ${args.join(' ')}: ${stdout}${stderr}`);
  }
  const frozen = findMessage(place, 'Subject: 8 bit');
  assert.equal((await writer.exim(['-Mf', frozen])).stdout, `Message ${frozen} is now frozen\n`);
  await writer.exim(['-Mmd', findMessage(place, 'Subject: many'), 'ben@mx.test']);
  // as after a crash: ann got it, and only the journal knows
  const path = place.path('spool/input', findMessage(place, 'Subject: many'));
  writeFileSync(`${path}-J`, 'ann@mx.test\n');
  chmodSync(`${path}-J`, 0o640);
  const { uid, gid } = statSync(`${path}-H`);
  chownSync(`${path}-J`, uid, gid);
}

/** The id of the message with this text in its header. */
function findMessage(place: Place, words: string): string {
  const name = readdirSync(place.path('spool/input')).find(
    (file) => file.endsWith('-H') && place.read(`spool/input/${file}`).includes(words),
  );
  return name?.slice(0, -2) ?? assert.fail(`no message with ${words}`);
}

function isInSpool(place: Place, id: string): boolean {
  return readdirSync(place.path('spool/input')).some((file) => file.startsWith(id));
}

/** What was delivered by one of the programs, by message and recipient, without the line that tells the time of the delivery. */
function delivered(place: Place, program: Program): Record<string, string> {
  const directory = place.path('mail', program.name);
  const files = readdirSync(directory).sort();
  return Object.fromEntries(files.map((file) => [file, readFileSync(`${directory}/${file}`, 'latin1').replace(/^From .*\n/, '')]));
}

/** Two queue runs: in the second one `later` is open. The spool is empty then. */
async function deliverAll(program: Program, place: Place): Promise<void> {
  rmSync(place.path('open'), { force: true });
  await program.exim(['-qff']);
  const waiting = (await program.exim(['-bp'])).stdout;
  assert.equal([...waiting.matchAll(/^ {10}later@mx\.test$/gm)].length, 2, `left by ${program.name}: ${waiting}${log(place, program)}`);
  assert.deepEqual([...waiting.matchAll(/^ {8}D (.*)$/gm)].map((match) => match[1]).sort(), [
    'ann@mx.test',
    'ann@mx.test',
    'ben@mx.test',
    'cat@mx.test',
  ]);
  place.file('open', '');
  await program.exim(['-qff']);
  assert.equal((await program.exim(['-bp'])).stdout, '', log(place, program));
  assert.deepEqual(readdirSync(place.path('spool/input')), []);
}

const log = (place: Place, program: Program) => place.read(`log/${program.name}-mainlog`) + place.read(`log/${program.name}-paniclog`);

interface Pair {
  readonly place: Place;
  readonly eximius: Program;
  readonly exim: Program;
}

async function withPair(run: (pair: Pair) => Promise<void>): Promise<void> {
  const place = new Place('spool-exchange');
  try {
    for (const name of ['spool', 'log']) referenceFolder(place, name);
    for (const name of ['eximius', 'exim']) {
      mkdirSync(place.path('mail', name));
      chmodSync(place.path('mail', name), 0o1777);
    }
    const ours = new MailServer(place, `message_id_format = short\n${config(place, 'eximius')}`);
    const reference = new ReferenceServer(place, config(place, 'exim'));
    await run({
      place,
      eximius: { name: 'eximius', exim: (...args) => ours.exim(...args) },
      exim: { name: 'exim', exim: (...args) => reference.exim(...args) },
    });
  } finally {
    place.remove();
  }
}

/** One program writes; both list it alike, and both, each from the same spool, deliver the same octets. */
async function testExchange(writer: Program, reader: Program, place: Place): Promise<void> {
  await fill(writer, place);
  const ids = readdirSync(place.path('spool/input')).filter((name) => name.endsWith('-H'));
  assert.equal(ids.length, MESSAGES.length);
  for (const id of ids) assert.match(id, /^[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}-H$/);
  for (const args of [
    ['-bp'],
    ['-bpu'],
    ['-bpc'],
    ...ids.flatMap((id) => ['-Mvh', '-Mvb', '-Mvc'].map((view) => [view, id.slice(0, -2)])),
  ]) {
    const expected = await writer.exim(args);
    assert.notEqual(expected.stdout, '', args.join(' '));
    assert.equal((await reader.exim(args)).stdout, expected.stdout, args.join(' '));
  }
  assert.match((await reader.exim(['-bp'])).stdout, /\*\*\* frozen \*\*\*/);

  await runCommand('/bin/cp', ['-a', place.path('spool/input'), place.path('written')]);
  await deliverAll(reader, place);
  rmSync(place.path('spool'), { recursive: true });
  referenceFolder(place, 'spool');
  renameSync(place.path('written'), place.path('spool/input'));
  await deliverAll(writer, place);

  const expected = delivered(place, writer);
  const actual = delivered(place, reader);
  assert.equal(Object.keys(expected).length, 7, log(place, writer));
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [name, text] of Object.entries(expected)) {
    const lines = actual[name]?.split('\n') ?? [];
    const differing = text.split('\n').findIndex((line, index) => line !== lines[index]);
    assert.equal(lines[differing], text.split('\n')[differing], `line ${differing} of ${name}`);
    assert.equal(actual[name]?.length, text.length);
  }
}

/** A message that `holder` is delivering is left alone by `other`, whatever is asked of it. */
async function testLock(holder: Program, other: Program, place: Place): Promise<void> {
  for (const name of ['go', 'mail/started']) rmSync(place.path(name), { force: true });
  await holder.exim(['-odq', '-f', 'sender@mx.test', 'slow@mx.test'], { input: 'Subject: slow\n\n' });
  const id = findMessage(place, 'Subject: slow');
  const delivery = holder.exim(['-M', id]);
  try {
    await waitFor(
      `${holder.name} delivers`,
      () => place.read('mail/started') !== '' || readdirSync(place.path('mail')).includes('started'),
    );
    const locked = `${id} Spool file for ${id} is locked (another process is handling this message)`;
    for (const args of [['-M', id], ['-qff'], ['-Mg', id]]) {
      const before = log(place, other).length;
      await other.exim(args);
      assert.ok(log(place, other).slice(before).includes(locked), `${args.join(' ')}: ${log(place, other)}`);
    }
    for (const command of ['-Mrm', '-Mf', '-Mt']) {
      const { stdout } = await other.exim([command, id]);
      assert.equal(stdout, `Message ${id} is locked\n`);
    }
    assert.ok(isInSpool(place, id));
    assert.doesNotMatch(log(place, other), /=> slow/);
  } finally {
    place.file('go', '');
    await delivery;
  }
  assert.match(log(place, holder), new RegExp(`${id} => slow <slow@mx\\.test> R=slow T=slow\n.* ${id} Completed\n`));
  assert.ok(!isInSpool(place, id));
}

const skip = missingReference();

test('Exim lists and delivers what Eximius wrote', { skip }, () =>
  withPair(({ place, eximius, exim }) => testExchange(eximius, exim, place)),
);
test('Eximius lists and delivers what Exim wrote', { skip }, () =>
  withPair(({ place, eximius, exim }) => testExchange(exim, eximius, place)),
);
test('Eximius leaves alone what Exim is delivering', { skip }, () =>
  withPair(({ place, eximius, exim }) => testLock(exim, eximius, place)),
);
test('Exim leaves alone what Eximius is delivering', { skip }, () =>
  withPair(({ place, eximius, exim }) => testLock(eximius, exim, place)),
);
