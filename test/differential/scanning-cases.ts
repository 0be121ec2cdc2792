/** What `malware` and `spam` are asked, and what the daemons say. */
import type { DaemonScript, DaemonStep } from './scanning-daemon.ts';

export interface ScanCase {
  readonly name: string;
  /** A line of the main section: `PORT0` is the port of the first daemon, `PATH0` its socket. */
  readonly option: string;
  readonly condition: string;
  /** In place of the statement that refuses what the condition is true for. */
  readonly acl?: string;
  readonly daemons: readonly DaemonScript[];
  /** Daemons listen on Unix sockets. */
  readonly isLocal?: boolean;
}

const cases: ScanCase[] = [];
export const scanCases: readonly ScanCase[] = cases;

function send(text: string, after = '', ending: DaemonStep['ending'] = 'end'): DaemonScript {
  return [[{ after, send: text, ending }]];
}

function av(name: string, scanner: string, daemon: DaemonScript | undefined, more: Partial<ScanCase> = {}): void {
  cases.push({
    name,
    option: `av_scanner = ${scanner}`,
    condition: 'malware = */tmo=1s',
    daemons: daemon === undefined ? [] : [daemon],
    isLocal: scanner.includes('PATH'),
    ...more,
  });
}

/** What any daemon may do to us. */
const HOSTILE: readonly (readonly [string, DaemonScript])[] = [
  ['silence', [[{ after: '', ending: 'hang' }]]],
  ['close', [[{ after: '', ending: 'end' }]]],
  ['reset', [[{ after: '', ending: 'reset' }]]],
  ['garbage', send('\x00\xff\x80garbage\r\n\x01\n')],
  ['garbage, stays', send('\x00\xff\x80garbage\r\n\x01\n', '', 'hang')],
  ['empty line', send('\n')],
  ['flood', send('x'.repeat(70_000))],
  ['flood of lines', send('xx\n'.repeat(20_000))],
];

const SCANNERS: readonly (readonly [string, string])[] = [
  ['clamd unix', 'clamd:PATH0'],
  ['clamd tcp', 'clamd:127.0.0.1 PORT0'],
  ['clamd local', 'clamd:127.0.0.1 PORT0:local'],
  ['sock', 'sock:PATH0:SCAN %s:BAD:NAME (.*)'],
  ['avast', 'avast:PATH0'],
  ['drweb unix', 'drweb:PATH0'],
  ['drweb tcp', 'drweb:127.0.0.1 PORT0'],
  ['f-protd', 'f-protd:127.0.0.1 PORT0'],
  ['f-prot6d', 'f-prot6d:127.0.0.1 PORT0'],
  ['fsecure', 'fsecure:PATH0'],
  ['sophie', 'sophie:PATH0'],
];

for (const [name, scanner] of SCANNERS) {
  for (const [what, script] of HOSTILE) av(`${name}: ${what}`, scanner, script);
  av(`${name}: nobody there`, scanner.replace('PORT0', '1'), undefined);
}

// ---------------------------------------------------------------- clamd

const CLAMD: readonly (readonly [string, string])[] = [
  ['OK', 'stream: OK\n'],
  ['FOUND', 'stream: Eicar-Test-Signature FOUND\n'],
  ['FOUND with NUL', 'stream: Eicar-Test-Signature FOUND\0'],
  ['FOUND, nothing behind', 'stream: Eicar-Test-Signature FOUND'],
  ['OK, nothing behind', 'stream: OK'],
  ['ERROR', 'stream: 666 ERROR\n'],
  ['size limit', 'INSTREAM size limit exceeded. ERROR\n'],
  ['a name of two words', 'stream: a b FOUND\n'],
  ['no name', 'stream: FOUND\n'],
  ['no space', 'stream:X FOUND\n'],
  ['more spaces', 'stream:   X   FOUND  \n'],
  ['small letters', 'stream: X found\n'],
  ['8-bit name', 'stream: \xc3\xa9\xff FOUND\n'],
  ['CR LF in the name', 'stream: a\r\nb FOUND\n'],
  ['CR LF', 'stream: X FOUND\r\n'],
  ['hash and size', 'stream: X(44d88612fea8a8f36de82e1278abb02f:68) FOUND\n'],
  ['colons in the file name', 'a: b: X FOUND\n'],
  ['colon in the name', 'stream: X:Y FOUND\n'],
  ['OK with more', 'stream: OK then\n'],
  ['two lines', 'stream: OK\nstream: X FOUND\n'],
  ['neither', 'stream: what\n'],
  ['empty', 'stream: \n'],
  ['no colon', 'OK\n'],
  ['a letter', 'x'],
  ['NUL', '\0'],
  ['8-bit error', 'stream: \xe9\x07 ERROR\n'],
];
for (const [what, answer] of CLAMD) {
  av(`clamd answers: ${what}`, 'clamd:127.0.0.1 PORT0', send(answer, 'body\n\0\0\0\0'));
  av(`clamd answers and stays: ${what}`, 'clamd:PATH0', send(answer, '.eml\n', 'hang'));
}
const OK = send('stream: OK\n', 'body\n\0\0\0\0');
const FOUND = send('stream: Eicar FOUND\n', 'body\n\0\0\0\0');
const LOCAL_FOUND = send('stream: Eicar FOUND\n', '.eml\n');

for (const scanner of [
  'clamd',
  'clamd:',
  'clamd:127.0.0.1',
  'clamd:127.0.0.1 x',
  'clamd:127.0.0.1 1-2',
  'clamd:127.0.0.1 99999',
  'clamd:127.0.0.1 PORT0 foo=1',
  'clamd:127.0.0.1 PORT0 retry=1s',
  'clamd:127.0.0.1 1 retry=1s',
  'clamd:127.0.0.1 PORT0 retry=x',
  'clamd:127.0.0.1 PORT0 retry=',
  'clamd:127.0.0.1 PORT0:foo',
  'clamd:local:127.0.0.1 PORT0',
  'clamd:localhost PORT0',
  'clamd:nosuch.invalid 3310',
  'clamd:127.0.0.1 PORT0:/nosuch',
  'clamd:/nosuch:127.0.0.1 PORT0',
  'clamd:/nosuch:local',
  'clamd:/nosuch retry=1s',
  'clamd:/nosuch foo=1',
  'clamd:127.0.0.1 1 : 127.0.0.1 PORT0',
  'clamd : 127.0.0.1 PORT0 ',
  '<; clamd ; 127.0.0.1 PORT0',
  '<| clamd | ::1 1',
  'nosuch:x',
  'CLAMD:127.0.0.1 PORT0',
  '',
  '$acl_m_unset',
  '${if eq{a}{b}{x}fail}',
  '${foo:bar}',
  '${lc:CLAMD}:127.0.0.1 PORT0',
  '$nosuch',
  'aveserver:/nosuch',
  'kavdaemon:/nosuch',
  'mksd:2',
  'mksd:x',
  'sophie',
  'fsecure',
  'drweb',
  'avast',
  'f-prot6d',
  'f-protd',
  'sock',
  'sock:/nosuch',
  'sock:/nosuch:%s',
  'sock:/nosuch:%s:(',
  'sock:/nosuch:%s:x',
  'sock:/nosuch:%s:x:(',
  'sock:/nosuch:%s:x:y',
  'sock:127.0.0.1:%s:x:(y)',
  'sock:127.0.0.1 x:%s:x:(y)',
  'drweb:127.0.0.1',
  'drweb:127.0.0.1 x',
  'drweb:nosuch.invalid 1',
  'f-protd:127.0.0.1',
  'f-protd:127.0.0.1 x',
  'f-protd:127.0.0.1 1-3',
  'f-protd:127.0.0.1 3-1',
  'f-prot6d:127.0.0.1',
  'f-prot6d:127.0.0.1 1-3',
  'f-prot6d:nosuch.invalid 1',
  'avast:127.0.0.1 1',
  'avast:127.0.0.1',
  'sophie:127.0.0.1 1',
  'fsecure:127.0.0.1 1',
])
  av(`av_scanner = ${scanner}`, scanner, scanner.includes('PORT') ? FOUND : undefined);

const CONDITIONS = [
  '*',
  'true',
  '1',
  'false',
  '0',
  '',
  'TRUE',
  'False',
  'yes',
  'Eicar',
  'eicar',
  '^Ei.*r$',
  'nomatch',
  '(',
  'a//b',
  '(Ei)(car)',
  '*/defer_ok',
  '*/foo',
  '*/tmo=',
  '*/tmo=x',
  '*/tmo=1x',
  '* / defer_ok / tmo=1s',
  '<; * ; tmo=1s',
  '*/defer_ok=1',
  '*/DEFER_OK',
  '/defer_ok',
  '*/tmo=1s/tmo=x',
  '${if eq{a}{b}{x}fail}',
  '${foo:bar}',
  '<',
  '//',
  ' * ',
];
for (const argument of CONDITIONS) {
  av(`malware = ${argument}`, 'clamd:127.0.0.1 PORT0', FOUND, { condition: `malware = ${argument}` });
  av(`malware = ${argument}, nobody there`, 'clamd:127.0.0.1 1', undefined, { condition: `malware = ${argument}` });
  av(`malware = ${argument}, ERROR`, 'clamd:127.0.0.1 PORT0', send('stream: 1 ERROR\n', 'body\n\0\0\0\0'), {
    condition: `malware = ${argument}`,
  });
}
const twice = (first: string, second: string): Partial<ScanCase> => ({
  acl: `warn malware = ${first}\n    logwrite = FIRST <$malware_name>\n  warn logwrite = BETWEEN <$malware_name>\n  deny malware = ${second}\n    message = FOUND <$malware_name>`,
});
av('cached: found', 'clamd:127.0.0.1 PORT0', FOUND, twice('*', '*'));
av('cached: found, a regex', 'clamd:127.0.0.1 PORT0', FOUND, twice('*', 'Ei'));
av('cached: a regex that does not match, then *', 'clamd:127.0.0.1 PORT0', FOUND, twice('Y', '*'));
av('cached: false, then *', 'clamd:127.0.0.1 PORT0', FOUND, twice('false', '*'));
av('cached: clean', 'clamd:127.0.0.1 PORT0', OK, twice('*', '*'));
av('cached: failed', 'clamd:127.0.0.1 PORT0', send('stream: 1 ERROR\n', 'body\n\0\0\0\0'), twice('*/defer_ok', '*/defer_ok'));
av(
  'cached: failed, then found',
  'clamd:127.0.0.1 PORT0',
  [...send('stream: 1 ERROR\n', 'body\n\0\0\0\0'), ...FOUND],
  twice('*/defer_ok', '*'),
);
av('not cached: expanded', '${lc:clamd}:127.0.0.1 PORT0', FOUND, twice('*', '*'));
av('not cached: expanded, clean behind', '${lc:clamd}:127.0.0.1 PORT0', [...FOUND, ...OK], twice('*', '*'));
av('cached: expanded later', 'clamd:${lc:127.0.0.1} PORT0', FOUND, twice('*', '*'));
cases.push({
  name: 'clamd: one of two',
  option: 'av_scanner = clamd:PATH0',
  condition: 'malware = *',
  daemons: [LOCAL_FOUND],
  isLocal: true,
});

// ---------------------------------------------------------------- sock

const SOCK: readonly (readonly [string, string])[] = [
  ['trigger and name', 'BAD\nNAME x y\n'],
  ['trigger only', 'BAD\n'],
  ['trigger and an empty name', 'BAD NAME \n'],
  ['name only', 'NAME x\n'],
  ['8-bit', 'BAD NAME \xff\x01\t\r\nX\n'],
  ['NUL', 'BAD\0NAME x\n'],
  ['no line end', 'BAD NAME x'],
];
for (const [what, answer] of SOCK) {
  av(`sock answers: ${what}`, 'sock:PATH0:SCAN %s:BAD:NAME (.*)', send(answer, '.eml'));
  av(`sock answers and stays: ${what}`, 'sock:127.0.0.1 PORT0:%s:BAD:NAME (.*)', send(answer, '.eml', 'hang'));
}
av('sock: the usual command line', 'sock:127.0.0.1 PORT0: :BAD:NAME (.*)', send('BAD NAME x\n', '.eml'));
av('sock: a command line without %s', 'sock:127.0.0.1 PORT0:SCAN:BAD:NAME (.*)', send('BAD NAME x\n', 'SCAN'));
av('sock: two %s', 'sock:127.0.0.1 PORT0:%s %s:BAD:NAME (.*)', send('BAD NAME x\n', '.eml'));
av('sock: %s and %d', 'sock:127.0.0.1 PORT0:%s %d %%:BAD:NAME (.*)', send('BAD NAME x\n', '.eml'));
av('sock: escapes', 'sock:127.0.0.1 PORT0:%s\\n:BAD:NAME (.*)', send('BAD NAME x\n', '.eml'));
av('sock: no group', 'sock:127.0.0.1 PORT0:%s:BAD:NAME', send('BAD NAME x\n', '.eml'));
av('sock: two groups', 'sock:127.0.0.1 PORT0:%s:BAD:(NAM)(E)', send('BAD NAME x\n', '.eml'));
av('sock: a long name', 'sock:127.0.0.1 PORT0:%s:BAD:NAME (.*)', send(`BAD NAME ${'x'.repeat(2000)}\n`, '.eml'));

// ---------------------------------------------------------------- cmdline

const CMDLINE = [
  '/bin/echo %s found in file:found in file:(\\w+) in',
  '/bin/echo clean %s:found in file:(\\w+) in',
  '/bin/echo found %s; /bin/echo second:second:(s.*)',
  '/bin/sh -c "echo found X >&2":found:found (.*)',
  '/bin/sh -c "echo found X; exit 3":found:found (.*)',
  '/bin/sh -c "echo clean; exit 3":found:found (.*)',
  '/bin/sh -c "echo found X; kill -9 \\$\\$":found:found (.*)',
  '/bin/sh -c "sleep 5":found:found (.*)',
  '/bin/sh -c "echo found X; sleep 5":found:found (.*)',
  '/nosuch %s:found:found (.*)',
  '/bin/echo found:found:nothing',
  '/bin/echo found:found:(nothing)',
  '/bin/echo found a:found:found',
  '/bin/echo found a:(:found',
  '/bin/echo found a:found:(',
  '/bin/echo found a:found',
  '/bin/echo found a',
  '/bin/printf "one\\ntwo found X\\nthree found Y\\n":found:found (.*)',
  '/bin/printf "found \\303\\251\\377\\001X\\n":found:found (.*)',
  '/bin/printf "found X":found:found (.*)',
  '/bin/printf "found X\\r\\n":found:found (.*)',
  '/bin/echo %s %s %d:found|scan:(%.)',
  '/usr/bin/head -c 100000 /dev/zero:found:found (.*)',
  '/bin/cat:found:found (.*)',
  '/bin/pwd:(?s).:(.*)',
  '/usr/bin/env:PATH|HOME|USER:(.*)',
  'echo found:found:(.*)',
];
for (const command of CMDLINE) av(`cmdline:${command}`, `cmdline:${command}`, undefined);

// ---------------------------------------------------------------- avast

const READY: DaemonStep = { after: '', send: '220 ready\r\n' };
const AVAST: readonly (readonly [string, readonly string[]])[] = [
  ['clean', ['210 SCAN DATA', 'SCAN /x\t[+]', '200 SCAN OK']],
  ['infected', ['210 SCAN DATA', 'SCAN /x\t[L]0.0\t0 Eicar\\ Test\\ File', '200 SCAN OK']],
  ['infected without SCAN', ['210 SCAN DATA', '/x\t[L]9.0\t0 VNAME', '200 SCAN OK']],
  ['two infections', ['210 SCAN DATA', '/x\t[L]9.0\t0 FIRST', '/x\t[L]9.0\t0 SECOND', '200 SCAN OK']],
  ['clean and infected', ['210 SCAN DATA', '/x\t[+]', '/x\t[L]9.0\t0 SECOND', '200 SCAN OK']],
  ['error of the file', ['210 SCAN DATA', '/x\t[E]0.0\tError 42110 The\\ file\\ is\\ a\\ bomb', '200 SCAN OK']],
  ['error 13', ['210 SCAN DATA', '/x\t[E]0.0\tError 13 Permission\\ denied', '451 SCAN Engine error 13 Permission denied']],
  ['excluded', ['210 SCAN DATA', '/x\t[P]0.0\tx', '200 SCAN OK']],
  ['only 200', ['200 SCAN OK']],
  ['only 210', ['210 SCAN DATA']],
  ['451', ['451 SCAN Engine error']],
  ['550', ['550 no']],
  ['malformed', ['210 SCAN DATA', '/x [L]x', '200 SCAN OK']],
  ['no name', ['210 SCAN DATA', '/x\t[L]0.0\t', '200 SCAN OK']],
  ['no tab behind', ['210 SCAN DATA', '/x\t[L]0.0', '200 SCAN OK']],
  ['8-bit', ['210 SCAN DATA', '/x\t[L]0.0\t0 \xff\x01\\\\x', '200 SCAN OK']],
  ['long', ['210 SCAN DATA', `/x\t[L]0.0\t0 ${'v'.repeat(3000)}`, '200 SCAN OK']],
];
for (const [what, rows] of AVAST)
  for (const [end, stays] of [
    ['\r\n', 'hang'],
    ['\n', 'end'],
  ] as const) {
    const text = rows.map((row) => row + end).join('');
    av(`avast answers${stays === 'hang' ? ' and stays' : ''}: ${what}`, 'avast:PATH0', [
      [READY, { after: 'SCAN ', send: text, ending: stays }],
    ]);
  }
for (const [what, rows] of AVAST.filter(([what]) => /error|451/.test(what)))
  av(`avast pass_unscanned: ${what}`, 'avast:PATH0:pass_unscanned', [
    [READY, { after: 'SCAN ', send: rows.map((row) => `${row}\n`).join(''), ending: 'hang' }],
  ]);
const flags = (answer: string): DaemonScript => [
  [READY, { after: 'full\n', send: answer }, { after: 'SCAN ', send: '210 SCAN DATA\n/x\t[+]\n200 SCAN OK\n', ending: 'hang' }],
];
for (const answer of ['210 FLAGS DATA\r\n200 FLAGS OK\r\n', '200 FLAGS OK\n', '501 FLAGS bad\n', '451 no\n', '210 x\n210 y\n200 OK\n'])
  av(`avast FLAGS: ${answer.replaceAll('\r\n', '+').replaceAll('\n', '-')}`, 'avast:PATH0:FLAGS -full', flags(answer));
av('avast two options', 'avast:PATH0:FLAGS -full:SENSITIVITY -pup', [
  [
    READY,
    { after: 'full\n', send: '200 OK\n' },
    { after: 'pup\n', send: '200 OK\n' },
    { after: 'SCAN ', send: '210 SCAN DATA\n/x\t[+]\n200 SCAN OK\n', ending: 'hang' },
  ],
]);
av('avast options around pass_unscanned', 'avast:PATH0: A :pass_unscanned:B full', [
  [
    READY,
    { after: 'A\n', send: '200 OK\n' },
    { after: 'full\n', send: '200 OK\n' },
    { after: 'SCAN ', send: '210 SCAN DATA\n/x\t[+]\n200 SCAN OK\n', ending: 'hang' },
  ],
]);
av('avast tcp', 'avast:127.0.0.1 PORT0', [
  [READY, { after: 'SCAN ', send: '210 SCAN DATA\n/x\t[L]0.0\t0 X\n200 SCAN OK\n', ending: 'hang' }],
]);
for (const greeting of ['', '221 x\n', '420 later\n', '220\n', '220 ready'])
  av(`avast greets: ${JSON.stringify(greeting)}`, 'avast:PATH0', [
    [
      { after: '', send: greeting },
      { after: 'SCAN ', send: '210 SCAN DATA\n/x\t[+]\n200 SCAN OK\n', ending: 'hang' },
    ],
  ]);

// ---------------------------------------------------------------- drweb

function word(number: number): string {
  return String.fromCharCode((number >>> 24) & 0xff, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff);
}
const reports = (...names: string[]) => names.map((name) => word(name.length) + name).join('');
const DRWEB: readonly (readonly [string, string])[] = [
  ['clean', word(0) + word(0)],
  ['clean code, a virus', word(0) + word(1) + reports('X\0')],
  ['infected', word(0x20) + word(1) + reports('infected with Eicar\0')],
  ['infected, two', word(0x20) + word(2) + reports('infected with Eicar\0', 'infected with B\0')],
  ['without NUL', word(0x20) + word(1) + reports('infected with Eicar')],
  ['other words', word(0x20) + word(1) + reports('Eicar\0')],
  ['other words with space', word(0x20) + word(1) + reports('infected by Eicar Test\0')],
  ['empty name', word(0x20) + word(1) + reports('')],
  ['8-bit', word(0x20) + word(1) + reports('infected with \xff\r\n\x01x\0')],
  ['no viruses', word(0x20) + word(0)],
  ['half', word(0x20) + word(2) + reports('infected with Eicar\0')],
  ['only a code', word(0x20)],
  ['negative size', word(0x20) + word(1) + word(0xffffffff)],
  ['huge count', word(0x20) + word(0x7fffffff) + reports('infected with A\0')],
  ['long', word(0x20) + word(1) + reports(`infected with ${'x'.repeat(3000)}\0`)],
];
for (const [what, answer] of DRWEB) {
  av(`drweb answers: ${what}`, 'drweb:127.0.0.1 PORT0', send(answer, 'body\n'));
}
for (const bit of [0, 1, 2, 3, 5, 9, 15, 16, 31])
  av(`drweb code: bit ${bit}`, 'drweb:127.0.0.1 PORT0', send(word(2 ** bit) + word(0), 'body\n'));

// ---------------------------------------------------------------- f-protd, f-prot6d

const FPROTD: readonly (readonly [string, string])[] = [
  ['clean', '<fprot-results version="1.0">\n<filename>/x</filename>\n<summary code="1">clean</summary>\n</fprot-results>\n'],
  [
    'infected',
    '<fprot-results version="1.0">\n<detected type="worm">\n<name>W32/Eicar</name>\n</detected>\n<summary code="11">infected</summary>\n</fprot-results>\n',
  ],
  ['infected on one line', '<fprot-results><detected type="worm"><name>W32/Eicar</name></detected></fprot-results>'],
  [
    'infected with header',
    'HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n<fprot-results version="1.0">\r\n<detected type="worm">\r\n<name>W32/Eicar</name>\r\n</detected>\r\n<summary code="11">infected</summary>\r\n</fprot-results>\r\n',
  ],
  ['name without detected', '<name>X</name>\n<summary code="11">infected</summary>\n'],
  ['detected without name', '<detected type="worm">\n<summary code="11">infected</summary>\n'],
  ['detected without summary', '<detected type="worm">\n<name>X</name>\n'],
  ['summary 11 only', '<summary code="11">infected</summary>\n'],
  ['summary first', '<summary code="11">infected</summary>\n<detected type="worm">\n<name>X</name>\n'],
  ['two names', '<detected type="a">\n<name>A</name>\n<name>B</name>\n<summary code="11">infected</summary>\n'],
  ['unclosed name', '<detected type="a">\n<name>A\n<summary code="11">infected</summary>\n'],
  ['empty name', '<detected type="a">\n<name></name>\n<summary code="11">infected</summary>\n'],
  ['8-bit name', '<detected type="a">\n<name>\xff\x01\xe9</name>\n<summary code="11">infected</summary>\n'],
  ['indented', '  <detected type="a">\n  <name>A</name>\n  <summary code="11">infected</summary>\n'],
];
for (const [what, answer] of FPROTD) {
  av(`f-protd answers: ${what}`, 'f-protd:127.0.0.1 PORT0', send(answer, '\0'));
}
const FPROT6D: readonly (readonly [string, string])[] = [
  ['clean', '0 <clean> /x'],
  ['infected', '1 <infected: EICAR_Test_File> /x'],
  ['code 2', '2 <contains infected objects: EICAR> /x'],
  ['code 3', '3 <infected: EICAR> /x'],
  ['code 4', '4 <x: EICAR> /x'],
  ['code 8', '8 <suspicious: A> /x'],
  ['code 16', '16 <error: A> /x'],
  ['code 32', '32 <x: A> /x'],
  ['code 64', '64 <x: A> /x'],
  ['code 128', '128 <x: A> /x'],
  ['no angle brackets', '1 infected: A'],
  ['no colon', '1 <infected> /x'],
  ['no code', '<infected: A> /x'],
  ['two names', '1 <infected: A> <infected: B>'],
  ['two lines', '0 <clean> /x\n1 <infected: B> /x'],
  ['8-bit', '1 <infected: \xff\x01\r> /x'],
  ['empty', '1 <infected: > /x'],
  ['negative', '-1 <x: A> /x'],
];
for (const [what, answer] of FPROT6D) {
  av(`f-prot6d answers: ${what}`, 'f-prot6d:127.0.0.1 PORT0', send(`${answer}\n`, '.eml\n'));
}

// ---------------------------------------------------------------- fsecure

const fsecure = (answer: string, ending: DaemonStep['ending']): DaemonScript => [
  [
    { after: 'ARCHIVE\t1\n', send: 'OK\n' },
    { after: 'TIMEOUT\t0\n', send: 'OK\n' },
    { after: 'MAXARCH\t5\n', send: 'OK\n' },
    { after: 'MIME\t1\n', send: 'OK\n' },
    { after: '.eml\n', send: answer, ending },
  ],
];
const FSECURE: readonly (readonly [string, string])[] = [
  ['clean', 'OK\tScan ok.\n'],
  ['clean behind others', 'x\ny\nOK\tScan ok.\n'],
  ['infected', 'INFECTED\t/x\tEicar\tlibra\nOK\tScan ok.\n'],
  ['infected, prefix', 'xxxINFECTED\tblah\tVNAME\tblah\nOK\tScan ok.\n'],
  ['infected, no end', 'INFECTED\t/x\tEicar\tlibra\n'],
  ['infected twice', 'INFECTED\t/x\tA\tlibra\nINFECTED\t/x\tB\tlibra\nOK\tScan ok.\n'],
  ['infected, no tabs', 'INFECTED x\nOK\tScan ok.\n'],
  ['infected, one tab', 'INFECTED\t/x\nOK\tScan ok.\n'],
  ['infected, two tabs', 'INFECTED\t/x\tEicar\nOK\tScan ok.\n'],
  ['8-bit', 'INFECTED\t/x\t\xff\x01\r\t\nOK\tScan ok.\n'],
  ['archive', 'ARCHIVE\t/x\nINFECTED\t[/x] a.exe\tEicar\tx\nOK\tScan ok.\n'],
  ['error', 'ERROR\t/x\tno\nOK\tScan ok.\n'],
  ['ERROR', 'ERROR\tno\n'],
  ['half a line', 'OK\tSca'],
  ['no OK', 'NO\n'],
  ['CR LF', 'INFECTED\t/x\tEicar\tlibra\r\nOK\tScan ok.\r\n'],
];
for (const [what, answer] of FSECURE) {
  av(`fsecure answers: ${what}`, 'fsecure:PATH0', fsecure(answer, 'end'));
}

// ---------------------------------------------------------------- sophie

for (const answer of [
  '0',
  '0\n',
  '1:Eicar',
  '1:Eicar\n',
  '1',
  '1:',
  '1\n',
  '-1',
  '-1:No such file\n',
  '-2:x',
  '2:x',
  '-',
  '1:a\r\nb',
  '1:\xff\x01',
  '01:x',
  ' 1:x',
  '1:x y',
  '1x',
  `1:${'x'.repeat(400)}`,
  '0:1:x',
]) {
  av(`sophie answers: ${JSON.stringify(answer)}`, 'sophie:PATH0', send(answer, '\n'));
}

// ---------------------------------------------------------------- spam

function spam(name: string, servers: string, daemon: DaemonScript | undefined, more: Partial<ScanCase> = {}): void {
  cases.push({
    name: `spam: ${name}`,
    option: `spamd_address = ${servers}`,
    condition: 'spam = joe',
    daemons: daemon === undefined ? [] : [daemon],
    isLocal: servers.includes('PATH'),
    ...more,
  });
}
const spamd = (status: string, report = 'the report\n of two lines\n'): DaemonScript =>
  send(`SPAMD/1.1 0 EX_OK\r\nSpam: ${status}\r\n\r\n${report}`, 'body\n');
const rspamd = (metric: string, rest = 'Symbol: X(1.00)\r\n', action = 'Action: add header\r\n'): DaemonScript =>
  send(`RSPAMD/1.3 0 EX_OK\r\nMetric: default; ${metric}\r\n${action}${rest}\r\n`, 'body\n');

for (const status of [
  'True ; 15.0 / 5.0',
  'False ; 1.2 / 5.0',
  'False ; -3.4 / 5.0',
  'True ; 5.0 / 5.0',
  'False ; 0.0 / 5.0',
  'True ; 999.96 / 5.0',
  'False ; 4.99 / 5.0',
  'Yes ; 6 / 5',
  'No ; 1 / 5',
  'True;15/5',
  'True ; 15,5 / 5,0',
  'True ; x / 5',
  'True',
  '',
  'False ; 15.0 / 5.0',
  'True ; 1.0 / 5.0',
  'True ; -99999999999 / 5.0',
  'True ; 50.9 / 5.0',
  'True ; 51.0 / 5.0',
  'True ; 0.49 / 5',
  'False ; -0.5 / 5',
])
  spam(`status ${status}`, '127.0.0.1 PORT0', spamd(status));
for (const metric of ['True; 15.00 / 10.00 / 0.0', 'False; 1.20 / 10.00 / 0.0', 'False; -3 / 10', 'Skip; 0 / 0', 'x'])
  spam(`rspamd ${metric}`, '127.0.0.1 PORT0 variant=rspamd', rspamd(metric));
spam('rspamd without action', '127.0.0.1 PORT0 variant=rspamd', rspamd('True; 15.00 / 10.00 / 0.0', '', ''));
spam('rspamd, other actions', '127.0.0.1 PORT0 variant=rspamd', rspamd('True; 15.00 / 10.00 / 0.0', '', 'Action: reject\r\n'));
spam('rspamd answers as spamd', '127.0.0.1 PORT0 variant=rspamd', spamd('True ; 15.0 / 5.0'));
spam('spamd answers as rspamd', '127.0.0.1 PORT0', rspamd('True; 15.00 / 10.00 / 0.0'));
spam('unix', 'PATH0', spamd('True ; 15.0 / 5.0'));
spam('unix rspamd', 'PATH0 variant=rspamd', rspamd('True; 15.00 / 10.00 / 0.0'));
for (const [what, script] of HOSTILE) {
  spam(what, '127.0.0.1 PORT0 tmo=1s', script);
  spam(`${what}, behind the message`, '127.0.0.1 PORT0 tmo=1s', [script[0]?.map((step) => ({ ...step, after: 'body\n' })) ?? []]);
  spam(`rspamd ${what}`, '127.0.0.1 PORT0 tmo=1s variant=rspamd', [script[0]?.map((step) => ({ ...step, after: 'body\n' })) ?? []]);
}
spam('error', '127.0.0.1 PORT0', send('SPAMD/1.0 76 Bad header line: x\r\n', 'body\n'));
spam('stays', '127.0.0.1 PORT0 tmo=1s', [
  [{ after: 'body\n', send: 'SPAMD/1.1 0 EX_OK\r\nSpam: True ; 15.0 / 5.0\r\n\r\nx\n', ending: 'hang' }],
]);
spam('8-bit report', '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0', 'caf\xe9\x01\r\n\r\nX: y\r\n'));
spam('a long report', '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0', `${'0123456789'.repeat(7)}\n`.repeat(400)));
spam('report with trailing lines', '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0', '\n\nx\n\n\n'));
spam('report with tabs', '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0', ' 1\n\t2\n3  \n'));
spam('no report', '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0', ''));
spam('length first', '127.0.0.1 PORT0', send('SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\nSpam: True ; 15.0 / 5.0\r\n\r\nx\n', 'body\n'));
spam('version 1.5', '127.0.0.1 PORT0', send('SPAMD/1.5 0 EX_OK\r\nSpam: True ; 15.0 / 5.0\r\n\r\nx\n', 'body\n'));
spam('LF', '127.0.0.1 PORT0', send('SPAMD/1.1 0 EX_OK\nSpam: True ; 15.0 / 5.0\n\nx\n', 'body\n'));
for (const argument of [
  'joe',
  'joe:true',
  'joe/defer_ok',
  'joe:true/defer_ok',
  'joe/defer_ok:true',
  'true',
  '0',
  'false',
  'False',
  '',
  'a b',
  'joe:false',
  'joe:1',
  'joe : true',
  'joe /defer_ok',
  '0:true',
  ':true',
  'joe:TRUE',
  'a\\nX: y',
  '<; joe ; true',
]) {
  spam(`spam = ${argument}`, '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0'), { condition: `spam = ${argument}` });
  spam(`spam = ${argument}, ham`, '127.0.0.1 PORT0', spamd('False ; 1.0 / 5.0'), { condition: `spam = ${argument}` });
  spam(`spam = ${argument}, nobody there`, '127.0.0.1 1', undefined, { condition: `spam = ${argument}` });
  spam(`spam = ${argument}, an error`, '127.0.0.1 PORT0', send('x\r\n', 'body\n'), { condition: `spam = ${argument}` });
}
const spamTwice = (first: string, second: string): Partial<ScanCase> => ({
  acl: `warn spam = ${first}\n    logwrite = FIRST <$spam_score_int>\n  warn logwrite = BETWEEN <$spam_score_int>\n  deny spam = ${second}\n    message = FOUND <$spam_score_int>`,
});
const answers = (a: string, b: string): DaemonScript => [...spamd(a), ...spamd(b)];
spam('cached', '127.0.0.1 PORT0', answers('True ; 15.0 / 5.0', 'False ; 1.0 / 5.0'), spamTwice('joe', 'joe'));
spam('cached, :true', '127.0.0.1 PORT0', answers('False ; 1.0 / 5.0', 'True ; 15.0 / 5.0'), spamTwice('joe', 'joe:true'));
spam('cached, first :true', '127.0.0.1 PORT0', answers('False ; 1.0 / 5.0', 'True ; 15.0 / 5.0'), spamTwice('joe:true', 'joe'));
spam('another user', '127.0.0.1 PORT0', answers('True ; 15.0 / 5.0', 'False ; 1.0 / 5.0'), spamTwice('joe', 'jim'));
spam(
  'not cached: failed',
  '127.0.0.1 PORT0',
  [...send('x\r\n', 'body\n'), ...spamd('True ; 15.0 / 5.0')],
  spamTwice('joe/defer_ok', 'joe'),
);
spam('not cached: expanded', '${lc:127.0.0.1} PORT0', answers('True ; 15.0 / 5.0', 'False ; 1.0 / 5.0'), spamTwice('joe', 'joe'));
for (const servers of [
  '',
  '$acl_m_unset',
  '${if eq{a}{b}{x}fail}',
  '${foo:bar}',
  '127.0.0.1',
  '127.0.0.1 x',
  '127.0.0.1 1 foo',
  '127.0.0.1 1 : 127.0.0.1 PORT0 pri=0',
  '127.0.0.1 PORT0 time=0-24',
  '127.0.0.1 PORT0 time=0-0',
  '127.0.0.1 PORT0 weight=0',
  '<; 127.0.0.1 PORT0',
  '127.0.0.1 1 retry=1s',
  'nosuch.invalid 1',
  '/nosuch',
  '/nosuch retry=1s',
  '127.0.0.1 PORT0 variant=spamd',
])
  spam(`spamd_address = ${servers}`, servers, servers.includes('PORT') ? spamd('True ; 15.0 / 5.0') : undefined);
spam('how a report is kept', '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0', ' 1\n\t2\n3  \n\n4\r\n x\n'), {
  acl: 'warn spam = joe\n    logwrite = ${escape:$spam_report}',
});
spam('a tainted result', '127.0.0.1 PORT0', spamd('True ; 15.0 / 5.0', 'x'), {
  acl: 'warn spam = joe\n    logwrite = ${if exists{/$spam_report}{a}{b}}${if exists{/$spam_score}{a}{b}}${if exists{/$spam_action}{a}{b}}',
});
av('a tainted name', 'clamd:127.0.0.1 PORT0', FOUND, { acl: 'warn malware = *\n    logwrite = ${if exists{/$malware_name}{a}{b}}' });
av('a tainted name of sock', 'sock:127.0.0.1 PORT0:%s:BAD:NAME (.*)', send('BAD NAME x\n', '.eml'), {
  acl: 'warn malware = *\n    logwrite = ${if exists{/$malware_name}{a}{b}}',
});
for (const code of [1, 2, 127, 255])
  av(`cmdline exits ${code}`, `cmdline:/bin/sh -c "echo found X; exit ${code}":found:found (.*)`, undefined);
for (const code of [1, 2]) av(`cmdline says nothing and exits ${code}`, `cmdline:/bin/sh -c "exit ${code}":found:found (.*)`, undefined);
for (const time of ['2-3', '23-1', '3-2', '0-1', '0-23.59.59', '22.0.0-23'])
  spam(`time=${time}`, `127.0.0.1 PORT0 time=${time}`, spamd('True ; 15.0 / 5.0'));
spam('two with weights', '127.0.0.1 PORT0 weight=0 : 127.0.0.1 PORT0 weight=0', spamd('True ; 15.0 / 5.0'));

const SILENT = /silence|stays|sleep|greets: ""/;
const SLOW = /retry=|nosuch\.invalid/;
/** What depends on how far a connection got before it was broken, and on this machine's files and programs. */
const UNSTABLE = /: (?:rspamd )?(?:reset|flood|close)|a tainted|^av_scanner = |^cmdline:|two with weights/;

/** For tests without the reference program: of those that wait for silent daemons only a few. */
export function tableCases(): readonly ScanCase[] {
  const isChosen = ({ name }: ScanCase) =>
    !SLOW.test(name) && !UNSTABLE.test(name) && (!SILENT.test(name) || name.startsWith('clamd unix'));
  return scanCases.filter(isChosen);
}
