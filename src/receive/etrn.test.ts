import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MainOptions, SpawnRequest, Template } from '../core/index.ts';
import { ok, tainted, untainted } from '../core/index.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryHints } from '../system/fakes/hints.ts';
import { scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate, testLocation } from '../system/fakes/services.ts';
import type { PlayedSession, SessionSetup } from './fakes.ts';
import { playSession } from './fakes.ts';

function play(commands: readonly string[], main: Partial<MainOptions>, setup: SessionSetup = {}): Promise<PlayedSession> {
  return playSession(scriptedPeer([...['EHLO c', ...commands].map((command) => `${command}\r\n`), 'QUIT\r\n']), {
    ...setup,
    config: {
      main: { smtp_banner: constantTemplate('mail.test.example ESMTP'), acl_smtp_etrn: constantTemplate('etrn'), ...main },
      ...setup.config,
    },
    acls: { etrn: () => ({ kind: 'accept' }) },
  });
}

function replies({ written }: PlayedSession): string[] {
  return written
    .split('\n')
    .filter((line) => /^[0-9]{3} /.test(line))
    .slice(2, -1);
}

test('without a command the queue is run for an address, one run at a time', async () => {
  const asked: string[] = [];
  let finish = () => {};
  const startQueueRun = (recipient: string) => {
    asked.push(recipient);
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  };
  const hints = new MemoryHints();
  const setup = { services: { hints, clock: new FakeClock() }, parts: { startQueueRun } };
  const first = await play(['ETRN #one', 'ETRN #one', 'ETRN #two', 'ETRN one', 'ETRN'], {}, setup);
  assert.deepEqual(replies(first), [
    '250 OK',
    '458 Already processing one',
    '250 OK',
    '501 argument must begin with #',
    '501 argument must begin with #',
  ]);
  assert.deepEqual(asked, ['one', 'two']);
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(replies(await play(['ETRN #two', 'ETRN #one'], {}, setup)), ['250 OK', '458 Already processing one']);
  assert.ok(first.log.mainLines.includes('ETRN #one received from (c) [192.0.2.25]'));
  assert.deepEqual(replies(await play(['ETRN #one'], { smtp_etrn_serialize: false }, setup)), ['250 OK']);
});

test('a command gets the argument as $domain', async () => {
  const requests: SpawnRequest[] = [];
  const compile = (source: string): Template => ({
    source,
    at: testLocation,
    what: 'test',
    constant: undefined,
    problems: () => [],
    evaluate: (frame) => ok(source === '$domain' ? tainted(frame.transaction?.state.currentRecipient?.domain ?? '') : untainted(source)),
  });
  const spawner = {
    run: async (request: SpawnRequest) => {
      requests.push(request);
      return { kind: 'error', errno: 'ENOENT', reason: 'No such file or directory' } as const;
    },
  };
  const run = (command: string, commands: readonly string[]) =>
    play(commands, { smtp_etrn_command: compile(command) }, { services: { spawner, hints: new MemoryHints() }, config: { compile } });
  const { log, ...played } = await run('/etc/etrn $domain x', ['ETRN two  words']);
  assert.deepEqual(replies({ ...played, log }), ['250 OK']);
  assert.deepEqual(requests[0]?.argv, ['/etc/etrn', 'two  words', 'x']);
  assert.deepEqual(log.panicLines, ['exec of "/etc/etrn two  words x" (smtp_etrn_command) failed: No such file or directory']);
  const shell = await run('/bin/sh -c $domain', ['ETRN #x']);
  assert.deepEqual(replies(shell), ['458 Internal failure']);
  assert.deepEqual(shell.log.panicLines, ["failed to set up ETRN command: Tainted arg 2 for ETRN processing command: '#x'"]);
  const program = await run('$domain', ['ETRN /bin/x']);
  assert.deepEqual(replies(program), ['458 Internal failure']);
  assert.equal(requests.length, 1);
});
