import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame } from '../core/index.ts';
import { scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate } from '../system/fakes/services.ts';
import type { SessionSetup } from './fakes.ts';
import { playSession } from './fakes.ts';

async function play(command: string, setup: SessionSetup & { readonly granted?: string; readonly isAuthenticated?: boolean } = {}) {
  const turned: (readonly [string, readonly string[]])[] = [];
  const played = await playSession(scriptedPeer(['EHLO c\r\n', `${command}\r\n`, 'QUIT\r\n']), {
    config: { main: { smtp_banner: constantTemplate('mail.test.example ESMTP'), acl_smtp_atrn: constantTemplate('atrn') } },
    acls: {
      atrn: (frame: Frame) => {
        if (setup.granted !== undefined) frame.session?.state.controls.set('atrn_domains', setup.granted);
        return { kind: 'accept' };
      },
    },
    parts: {
      ...(setup.isAuthenticated === false ? {} : { presetOrigin: { authenticatorName: 'plain' } }),
      turnLine: async (_, host, domains) => {
        turned.push([host, domains]);
      },
    },
    ...setup,
  });
  return { turned, reply: played.written.split('\n').filter((line) => /^[0-9]{3} /.test(line))[2], log: played.log };
}

test('ATRN turns the line for who has authenticated', async () => {
  const { turned, reply, log } = await play('ATRN One.example,two.example');
  assert.deepEqual(turned, [['192.0.2.25', ['one.example', 'two.example']]]);
  assert.equal(reply, '250 ODMR provider turning line around');
  assert.ok(log.mainLines.includes("ATRN 'One.example,two.example' received from (c) [192.0.2.25]"));
  assert.deepEqual((await play('ATRN', { granted: 'one.example' })).turned, [['192.0.2.25', ['one.example']]]);
});

test('ATRN is refused', async () => {
  const cases: readonly [name: string, played: Awaited<ReturnType<typeof play>>, reply: string][] = [
    ['no authentication', await play('ATRN one.example', { isAuthenticated: false }), '530 Authentication required'],
    ['no domains', await play('ATRN'), '453 You have no mail'],
    ['no domain name', await play('ATRN a(b'), '501 malformed domain for ATRN command'],
    [
      'no ACL',
      await play('ATRN one.example', { config: { main: { smtp_banner: constantTemplate('mail.test.example ESMTP') } } }),
      '550 Administrative prohibition',
    ],
  ];
  for (const [name, { turned, reply }, expected] of cases) {
    assert.deepEqual(turned, [], name);
    assert.equal(reply, expected, name);
  }
});
