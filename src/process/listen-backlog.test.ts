import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryFiles } from '../system/fakes/files.ts';
import { listenBacklog } from './listen-backlog.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

test('connections that wait are counted for the port that listens', () => {
  const files = new MemoryFiles({
    files: {
      '/proc/net/tcp': `${HEAD}   0: 0100007F:0019 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n   1: 0100007F:0019 0100007F:C350 01 00000000:00000099 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1\n   2: 0100007F:024B 00000000:0000 0A 00000000:0000000A 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0\n`,
      '/proc/net/tcp6': `${HEAD}   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0\n`,
    },
  });
  assert.equal(listenBacklog(files, 25), 5);
  assert.equal(listenBacklog(files, 587), 10);
  assert.equal(listenBacklog(files, 26), 0);
  assert.equal(listenBacklog(new MemoryFiles(), 25), 0);
});
