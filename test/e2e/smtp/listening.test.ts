/** Where a daemon cannot listen. Spec ch. 14 "daemon_startup_retries". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';

/** Nobody's (RFC 5737). */
const NOT_OURS = '192.0.2.77';

test('an address that the machine does not have is tried again, and then given up', async () => {
  const place = new Place('listening');
  try {
    const [port = 0] = await freePorts(1);
    const options = placeOptions(place, {
      local_interfaces: NOT_OURS,
      daemon_smtp_ports: port,
      daemon_startup_retries: 2,
      daemon_startup_sleep: '0s',
      tls_advertise_hosts: '',
    });
    const server = new MailServer(place, options);
    const failure = `socket bind() to port ${port} for address ${NOT_OURS} failed: Cannot assign requested address`;
    const { status, stderr } = await server.exim(['-bd']);
    assert.equal(status, 1);
    assert.ok(stderr.endsWith(` ${failure}: daemon abandoned\n`), stderr);
    const lines = server.log().replace(/^\S+ \S+ /gm, '');
    const expected = ['waiting 0s before trying again (2 more tries)', 'waiting 0s before trying again (1 more try)', 'daemon abandoned'];
    assert.equal(lines, expected.map((end) => `${failure}: ${end}\n`).join(''));
  } finally {
    place.remove();
  }
});
