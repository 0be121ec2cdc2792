/** Which addresses go out in one run of a local transport. Spec ch. 25 "Address batching in local transports". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../src/base/octets.ts';
import { untainted } from '../../src/core/text.ts';
import { localBatches } from '../../src/deliver/batches.ts';
import { makeAddress } from '../../src/routers/address.ts';
import { makeWorld } from './world.ts';

/** Options of an appendfile transport, and what goes together of some addresses; `$address_data` is the local part's first letter. */
const rows: readonly (readonly [options: Octets, batches: readonly string[]])[] = [
  ['', ['a1@x', 'b1@x', 'a2@y', 'a1@y']],
  ['batch_max = 9', ['a1@x b1@x a2@y a1@y']],
  ['batch_max = 3', ['a1@x b1@x a2@y', 'a1@y']],
  ['batch_max = 9\nmessage_prefix = $local_part', ['a1@x a1@y', 'b1@x', 'a2@y']],
  ['batch_max = 9\nmessage_prefix = $domain', ['a1@x b1@x', 'a2@y a1@y']],
  ['batch_max = 9\nheaders_add = X: $local_part\nhome_directory = /h/$domain', ['a1@x b1@x a2@y a1@y']],
  ['batch_max = 9\nbatch_id = $address_data', ['a1@x a2@y a1@y', 'b1@x']],
  ['batch_max = 2\nbatch_id = $address_data', ['a1@x a2@y', 'b1@x', 'a1@y']],
  ['batch_max = 9\nbatch_id = ${if eq{$address_data}{a}{}fail}', ['a1@x a2@y a1@y', 'b1@x']],
];

test('batch_max, batch_id, and options that name what differs', async () => {
  for (const [options, expected] of rows) {
    const world = await makeWorld(`begin transports\nt:\n  driver = appendfile\n  file = /box\n${options}\n`);
    const addresses = ['a1@x', 'b1@x', 'a2@y', 'a1@y'].map((text) => {
      const address = makeAddress({ address: text, recipientIndex: 0 });
      address.state.transport = world.frame.config.transports.get('t');
      address.state.addressData = untainted(text.slice(0, 1));
      return address;
    });
    const batches = await localBatches(addresses, world.frame);
    const shown = batches.map((batch) => batch.map(({ address }) => address).join(' '));
    assert.deepEqual(shown, expected, options);
    assert.equal(world.log.panicLines.length, options.includes('fail') ? 1 : 0, options);
  }
});
