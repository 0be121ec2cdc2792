import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { showDates } from './exim_msgdate.ts';

function run(line: string): { readonly status: number; readonly out: string; readonly error: string } {
  let out = '';
  let error = '';
  const status = showDates(
    line.split(' ').filter((word) => word !== ''),
    {
      io: { stdout: { write: (text) => void (out += text) }, stderr: { write: (text) => void (error += text) } },
      files: new MemoryFiles({ files: { '/etc/exim.conf': 'primary_hostname = x\nlocalhost_number = 3\n' } }),
      clock: new FakeClock(0, { '': 5400 }),
    },
  );
  return { status, out, error };
}

test('dates of message ids', () => {
  const cases: readonly [line: string, out: string][] = [
    ['--unix 16VDhn', '1012231703\n'],
    ['--unix 16VDhn-0001bo-D3', '1012231703.404500\n'],
    ['--GMT 16VDhn', '2002-01-28 15:28:23 +0000\n'],
    ['--UTC E16VDhn-0001bo-D3', '2002-01-28 15:28:23.404500 +0000\n'],
    ['16VDhn', '2002-01-28 16:58:23 +0130\n'],
    ['--zulu --pid 16VDhn-000000001bo-D342', '2002-01-28 15:28:23.110046 +0000 pid=6188\n'],
    ['--zulu 16VDhn 16VDho', '2002-01-28 15:28:23 +0000\n2002-01-28 15:28:24 +0000\n'],
    ['--base=36 --unix 000010', '36\n'],
    ['--localhost_number 3 --unix 000001-000000-9g', '1.000000\n'],
  ];
  for (const [line, out] of cases) {
    const { status, out: written, error } = run(line);
    assert.deepEqual([error, status], ['', 0], line);
    assert.equal(written, out, line);
  }
});

test('what is wrong', () => {
  const cases: readonly [line: string, error: RegExp][] = [
    ['', /no message id given/],
    ['16VDh', /16VDh: not a message id/],
    ['--base 37 16VDhn', /base 36 or 62/],
    ['--nonsense 16VDhn', /^exim_msgdate: Unknown option '--nonsense'$/m],
    ['--localhost_number 4 000001-000000-9g', /where localhost_number is 3, not 4$/m],
    ['-c /etc/exim.conf 000001-000000-00', /where localhost_number is 0, not 3$/m],
    ['-c /etc/none 000001', /cannot read \/etc\/none: No such file or directory/],
    ['--base 36 00000z', /not a message id/],
  ];
  for (const [line, error] of cases) {
    const result = run(line);
    assert.notEqual(result.status, 0, line);
    assert.match(result.error, error, line);
  }
  assert.match(run('--help').out, /^Usage: exim_msgdate/);
});
