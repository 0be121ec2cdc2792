import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeMachine } from '../system/fakes/host.ts';
import { createLog, type LogSettings } from './log.ts';
import { logFileName, parseLogPath } from './paths.ts';
import { defaultSelectors, parseLogSelector } from './selectors.ts';
import { splitForSyslog } from './syslog.ts';

const settings: LogSettings = {
  places: { file: '/var/log/exim/%slog', syslog: false },
  selectors: defaultSelectors(),
  stamp: { timezone: '', showsZone: false, showsMilliseconds: false },
  writesReject: true,
  syslog: { facility: 2, showsPid: true, showsTime: true, duplicates: true },
  owner: { uid: 93, gid: 93 },
};

function fixture(change: Partial<LogSettings> = {}) {
  const clock = new FakeClock();
  const files = new MemoryFiles({ clock });
  const syslog: string[] = [];
  const stderr: string[] = [];
  const log = createLog({
    files,
    clock,
    machine: new FakeMachine(),
    settings: { ...settings, ...change },
    sendSyslog: (priority, text) => syslog.push(`<${priority}>${text}`),
    writeStderr: (text) => stderr.push(text),
  });
  return { clock, files, log, syslog, stderr };
}

test('lines of one tick go out together, with date and id', () => {
  const { files, log } = fixture();
  log.main('first', '1abc');
  log.main('second');
  assert.equal(files.text('/var/log/exim/mainlog'), undefined);
  log.flush();
  assert.equal(files.text('/var/log/exim/mainlog'), '2026-01-02 03:04:05 1abc first\n2026-01-02 03:04:05 second\n');
});

test('no entry is longer than 8 KiB', () => {
  const { files, log, syslog } = fixture({ places: { file: '/var/log/exim/%slog', syslog: true } });
  const long = 'y'.repeat(1 << 20);
  log.main(long, '1abc');
  log.panic(long);
  log.reject('rejected', ['P Received: x', `  Subject: ${long}`], '1abc');
  log.reject(long);
  log.flush();
  const stamp = '2026-01-02 03:04:05 ';
  const cut = (text: string) => `${text.slice(0, 8190 - 43)} **** log string overflowed log buffer ****\n`;
  assert.equal(files.text('/var/log/exim/mainlog'), cut(`${stamp}1abc ${long}`) + cut(stamp + long));
  assert.equal(files.text('/var/log/exim/paniclog'), cut(stamp + long));
  const rejected = `${stamp}1abc rejected\nP Received: x\n  Subject: ${long}`;
  assert.equal(
    files.text('/var/log/exim/rejectlog'),
    `${rejected.slice(0, 8190)}\n*** truncated ***\n${(stamp + long).slice(0, 8190)}\n*** truncated ***\n`,
  );
  assert.ok(syslog.join('').length < 60_000, 'nor in syslog');
});

test('milliseconds, zone and pid', () => {
  const { files, log } = fixture({ selectors: new Set(['pid']), stamp: { timezone: '', showsZone: true, showsMilliseconds: true } });
  log.main('x');
  log.flush();
  assert.equal(files.text('/var/log/exim/mainlog'), '2026-01-02 03:04:05.000 +0000 [1234] x\n');
});

test('panic lines are in the main log too, and there at once', () => {
  const { files, log } = fixture();
  log.main('before');
  log.panic('boom', 'id');
  assert.equal(files.text('/var/log/exim/paniclog'), '2026-01-02 03:04:05 id boom\n');
  assert.equal(files.text('/var/log/exim/mainlog'), '2026-01-02 03:04:05 before\n2026-01-02 03:04:05 id boom\n');
});

test('rejections carry headers in the reject log only', () => {
  const { files, log } = fixture();
  log.mainAndReject('rejected after DATA', ['P Received: from\n\tx\n', '  Subject: y\n']);
  log.flush();
  assert.equal(files.text('/var/log/exim/rejectlog'), '2026-01-02 03:04:05 rejected after DATA\nP Received: from\n\tx\n  Subject: y\n');
  assert.equal(files.text('/var/log/exim/mainlog'), '2026-01-02 03:04:05 rejected after DATA\n');
});

test('a renamed log is opened again, looked for at most once a second', async () => {
  const { clock, files, log } = fixture();
  const write = (line: string) => {
    log.main(line);
    log.flush();
  };
  write('a');
  files.rename('/var/log/exim/mainlog', '/var/log/exim/mainlog.1');
  write('b');
  await clock.advance(1000);
  write('c');
  assert.match(files.text('/var/log/exim/mainlog.1') ?? '', / a\n.* b\n$/);
  assert.match(files.text('/var/log/exim/mainlog') ?? '', /^[^\n]* c\n$/);
});

test('no text can make a line of its own', () => {
  const { files, log } = fixture();
  log.main('Warning: x\n2026-01-02 forged\r\n continued');
  log.flush();
  assert.equal(files.text('/var/log/exim/mainlog'), '2026-01-02 03:04:05 Warning: x\\n2026-01-02 forged\\r\n continued\n');
});

test('an unwritable main log is said in the panic log; an unwritable panic log on syslog', () => {
  const { files, log, syslog } = fixture();
  files.failOn('open', '/var/log/exim/mainlog', 'EACCES');
  log.main('x');
  log.flush();
  assert.match(
    files.text('/var/log/exim/paniclog') ?? '',
    /Cannot open main log file "\/var\/log\/exim\/mainlog": Permission denied: euid=93 egid=93/,
  );
  files.failOn('open', '/var/log/exim/paniclog', 'EACCES');
  fixture(); // another server in the same process is not concerned
  const second = fixture({ places: { file: '/p/%slog', syslog: false } });
  second.files.failOn('open', '/p/paniclog', 'EROFS');
  second.log.panic('y');
  assert.match(second.syslog.join('\n'), /^<18>Cannot open panic log file "\/p\/paniclog": Read-only file system/);
  assert.deepEqual(syslog, []);
});

test('syslog gets priority by log, without time when so configured', () => {
  const { files, log, syslog } = fixture({
    places: { file: undefined, syslog: true },
    syslog: { ...settings.syslog, showsTime: false, duplicates: false },
  });
  log.mainAndReject('both', [], 'id');
  log.panic('p');
  log.reject('r');
  log.flush();
  assert.deepEqual(syslog, ['<22>id both', '<22>p', '<21>r']);
  assert.deepEqual(files.paths(), []);
});

const pathCases: [string | undefined, string, unknown][] = [
  [undefined, '', { file: '/spool/log/%slog', syslog: false }],
  [undefined, '/var/log/exim4/%slog', { file: '/var/log/exim4/%slog', syslog: false }],
  [': syslog', '/var/log/exim4/%slog', { file: '/var/log/exim4/%slog', syslog: true }],
  ['syslog', '/var/log/exim4/%slog', { file: undefined, syslog: true }],
  ['syslog:/x/%s', '', { file: '/x/%s', syslog: true }],
  ['/a/%s:/b/%s', '', { file: '/a/%s', syslog: false, problem: 'More than one path given in log_file_path: using the first one' }],
];
test('log_file_path', () => {
  for (const [value, built, expected] of pathCases) assert.deepEqual(parseLogPath(value, built, '/spool'), expected, String(value));
});

const nameCases: [string, string, string][] = [
  ['/var/spool/exim/log/%slog-%D', '/var/spool/exim/log/mainlog-20261121', '/var/spool/exim/log/paniclog'],
  ['/var/log/exim-%s-%D.log', '/var/log/exim-main-20261121.log', '/var/log/exim-panic.log'],
  ['/var/spool/exim/log/%D-%slog', '/var/spool/exim/log/20261121-mainlog', '/var/spool/exim/log/paniclog'],
  ['/var/log/exim/%s.%M', '/var/log/exim/main.202611', '/var/log/exim/panic'],
];
test('datestamped names', () => {
  for (const [template, main, panic] of nameCases) {
    assert.equal(logFileName(template, 'main', '20261121'), main);
    assert.equal(logFileName(template, 'panic', '20261121'), panic);
  }
});

test('log_selector', () => {
  const parsed = (text: string) => {
    const result = parseLogSelector(text);
    return result.kind === 'ok' ? result.selectors : result.message;
  };
  assert.equal((parsed('+all') as Set<string>).size, 62);
  assert.ok((parsed('-all +pid+subject') as Set<string>).has('subject'));
  assert.equal((parsed('-all +pid+subject') as Set<string>).size, 2);
  assert.ok(!(parsed(' -retry_defer') as Set<string>).has('retry_defer'));
  assert.equal(parsed('+nonsense'), 'unknown log_selector setting: +nonsense');
  assert.equal(parsed('+pid subject'), 'malformed log_selector setting: + or - expected but found "subject"');
});

test('long and multi-line entries are numbered for syslog', () => {
  assert.deepEqual(splitForSyslog('short'), ['short']);
  assert.deepEqual(splitForSyslog('abcdefg\nxy\n', 4), ['[1/3] abcd', '[2\\3] efg', '[3/3] xy']);
});
