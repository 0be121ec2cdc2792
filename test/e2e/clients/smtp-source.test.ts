/** Postfix's load generator as client: parallel sessions, many messages on each, large ones, many recipients. What arrives is counted exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandResult, runCommand } from '../support/mail-server.ts';
import { waitFor } from '../support/wait.ts';
import { findProgram, missing, Site } from './site.ts';

const SOURCE = findProgram('smtp-source') ?? '';
const skip = missing('smtp-source');
const site = await Site.forTests('smtp-source', {
  smtp_accept_queue_per_connection: 0,
  smtp_accept_max: 100,
  smtp_accept_queue: 0,
  log_selector: '+received_recipients',
});

/** `subject` marks the messages of one call. */
function source(subject: string, args: readonly string[]): Promise<CommandResult> {
  const addresses = ['-M', 'source.test', '-f', 'load@source.test', '-t', 'box@site.test', '-S', subject];
  return runCommand(SOURCE, [...addresses, ...args, `127.0.0.1:${site.port}`]);
}

/** Exactly so many arrive, each of them once: nothing is lost, nothing doubled. The client has had its replies. */
async function assertArrived(subject: string, count: number): Promise<string[]> {
  await waitFor('the queue is empty', () => site.spoolFiles().length === 0);
  const texts = site.mails().filter((text) => text.includes(`\nSubject: ${subject}\n`));
  assert.equal(texts.length, count);
  const ids = texts.map((text) => /^\tid (\S+)$/m.exec(text)?.[1]);
  assert.equal(new Set(ids).size, count);
  const log = site.server.log();
  for (const id of ids) {
    assert.equal(log.split(` ${id} <= load@source.test `).length, 2, id);
    assert.equal(log.split(` ${id} Completed`).length, 2, id);
  }
  return texts;
}

/** As it was on the wire, with CRLF. smtp-source adds an empty line. */
function lengthOfBody(text: string): number {
  const body = text.slice(text.indexOf('\n\n') + 2);
  return body.length + body.split('\n').length - 1;
}

test('smtp-source: 500 messages in 10 sessions, a connection each', { skip }, async () => {
  const { status, stderr } = await source('connection each', ['-s', '10', '-m', '500', '-l', '1000']);
  assert.equal(status, 0, stderr);
  const texts = await assertArrived('connection each', 500);
  assert.deepEqual(new Set(texts.map(lengthOfBody)), new Set([1000 + 2]));
});

test('smtp-source: -d -c, 10 connections for 500 messages', { skip }, async () => {
  const { status, stdout, stderr } = await source('kept connections', ['-s', '10', '-m', '500', '-d', '-c']);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /(?:^|\D)500\s*$/);
  await assertArrived('kept connections', 500);
});

test('smtp-source: large messages side by side', { skip }, async () => {
  const length = 4 << 20;
  const { status, stderr } = await source('large', ['-s', '4', '-m', '8', '-l', String(length)]);
  assert.equal(status, 0, stderr);
  const texts = await assertArrived('large', 8);
  assert.deepEqual(new Set(texts.map(lengthOfBody)), new Set([length + 2]));
  const bodies = new Set(texts.map((text) => text.slice(text.indexOf('\n\n'))));
  assert.equal(bodies.size, 1);
  for (const body of bodies) assert.match(body, /^\n\n(?:[0-9]?X*\n)+$/);
});

test('smtp-source: many recipients', { skip }, async () => {
  const { status, stderr } = await source('recipients', ['-s', '2', '-m', '6', '-r', '50', '-N', '-d']);
  assert.equal(status, 0, stderr);
  const texts = await assertArrivedForEach('recipients', 6, 50);
  const recipients = texts.map((text) => /^Envelope-to: (.*)$/m.exec(text)?.[1]);
  assert.equal(new Set(recipients).size, 300);
});

/** As `assertArrived`, where each recipient has a copy of its own. */
async function assertArrivedForEach(subject: string, messages: number, recipients: number): Promise<string[]> {
  await waitFor('the queue is empty', () => site.spoolFiles().length === 0);
  const texts = site.mails().filter((text) => text.includes(`\nSubject: ${subject}\n`));
  const copies = new Map<string, Set<string>>();
  for (const text of texts) {
    const id = /^\tid (\S+)$/m.exec(text)?.[1] ?? '';
    const to = /^Envelope-to: (\S+)$/m.exec(text)?.[1] ?? '';
    const known = copies.get(id) ?? new Set();
    assert.ok(!known.has(to), `${id} came twice to ${to}`);
    copies.set(id, known.add(to));
  }
  assert.equal(texts.length, messages * recipients);
  assert.equal(copies.size, messages);
  return texts;
}

test('smtp-source: -F, a message of its own with dots', { skip }, async () => {
  const body = '.\n..\n.x\n\nline\n';
  const path = site.place.file('etc/message', `From: <x@source.test>\nSubject: own\n\n${body}`);
  const { status, stderr } = await source('unused', ['-F', path, '-m', '3', '-d']);
  assert.equal(status, 0, stderr);
  for (const text of await assertArrived('own', 3)) assert.ok(text.endsWith(`\n\n${body}\n`), text);
});

test('smtp-source: -o, without HELO, is told that it must say it', { skip }, async () => {
  const { status, stderr } = await source('unused', ['-o', '-m', '1']);
  assert.equal(status, 1);
  assert.match(stderr, /sender rejected: 503 HELO or EHLO required/);
});
