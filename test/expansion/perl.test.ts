/** `${perl` with a real Perl, directly and through the spawner process's protocol. Spec ch. 12. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { duplexPair } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { Spawner } from '../../src/core/ports.ts';
import { PerlPool, type PerlPoolParts } from '../../src/expand/perl/pool.ts';
import { SpawnerClient } from '../../src/process/spawner/client.ts';
import { serveSpawner } from '../../src/process/spawner/serve.ts';
import { SystemClock } from '../../src/system/clock.ts';
import { DirectSpawner } from '../../src/system/direct-spawner.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { SystemFiles } from '../../src/system/files.ts';
import { Native } from '../../src/system/native.ts';
import { type ExpansionBench, openExpansionBench, printedFor } from '../differential/expansion-bench.ts';

const skip = existsSync('/usr/bin/perl') || existsSync('/usr/local/bin/perl') ? false : 'there is no Perl on this machine';

const startup = `
our $calls = 0;
sub join_all { return join '|', @_ }
sub count { return ++$calls }
sub nothing { return undef }
sub dies { die "oh dear" }
sub list { return (7, 8, 9) }
sub expand { return Exim::expand_string($_[0]) }
sub logs { Exim::log_write('a line'); warn "careful\\n"; return 'logged' }
sub prints { print 'lost'; print STDERR 'lost'; return 'printed' }
sub wide { return "\\x{20ac}\\xe9" }
sub taint { return \${^TAINT} }
sub ends { exit 3 }
sub sleeps { sleep 100 }
sub waits { select undef, undef, undef, 0.05; return $$ }
die 'not to be seen';
`;

interface PerlBench {
  readonly bench: ExpansionBench;
  readonly log: FakeLog;
  print(source: string): Promise<string>;
}

async function openBench(context: TestContext, parts: Partial<PerlPoolParts> = {}): Promise<PerlBench> {
  const log = new FakeLog();
  const perl = new PerlPool({
    spawner: new DirectSpawner(),
    files: new SystemFiles(new Native()),
    startup,
    hasTaintChecks: false,
    environment: new Map(),
    directory: '/',
    ...parts,
  });
  context.after(() => perl.close());
  const bench = await openExpansionBench({ perl, log, clock: new SystemClock() });
  return { bench, log, print: (source) => printedFor(bench, source) };
}

const cases: readonly (readonly [source: string, printed: string])[] = [
  ['${perl{join_all}{a}{b c}{}{\u00e9\\0001}}', 'a|b c||\u00e9\u00001'],
  ['${perl{count}}${perl{count}}', '12'],
  ['${perl{list}}', '9'],
  ['[${perl{wide}}]', '[\u00e2\u0082\u00ac\u00c3\u00a9]'],
  ['${perl{nothing}}', 'Failed: Perl subroutine "nothing" returned undef to force failure'],
  ['${perl{dies}}', 'Failed: oh dear at (eval 2) line 6.\n'],
  ['${perl{none}}', 'Failed: Undefined subroutine &main::none called.\n'],
  ['${perl{expand}{\\$primary_hostname}}', 'mail.example.com'],
  ['${perl{Exim::expand_string}{\\$primary_hostname}}', 'mail.example.com'],
  ['${perl{expand}{\\${perl{list\\}\\}}}', '9'],
  ['${perl{expand}{\\${if eq{a\\}{b\\}{c\\}fail\\}}}', 'Failed: Perl subroutine "expand" returned undef to force failure'],
  [
    '${perl{expand}{\\${foo:x\\}}}',
    'Failed: syntax error in Exim::expand_string argument: unknown expansion operator "foo" at (eval 2) line 8.\n',
  ],
  ['${perl{Exim::log_write}}', 'Failed: Usage: Exim::log_write(string)'],
  ['${perl{logs}}', 'logged'],
  ['${perl{prints}}', 'printed'],
  ['${perl{taint}}', '0'],
  ['${perl{1}{2}{3}{4}{5}{6}{7}{8}{9}{10}}', "Failed: Too many arguments for 'perl' (max is 9)"],
];

test('calls, what Perl calls back, and messages', { skip }, async (context) => {
  const { print, log } = await openBench(context);
  for (const [source, printed] of cases) {
    const got = await print(source);
    assert.equal(source.includes('{Exim::log_write}}') ? got.replace(/ at .*\n$/, '') : got, printed, source);
  }
  assert.deepEqual(log.mainLines, ['a line', 'careful']);
});

test('taint mode of Perl: arguments and startup code are trusted, as in Exim', { skip }, async (context) => {
  const { print } = await openBench(context, {
    hasTaintChecks: true,
    startup: `${startup}sub opens { open my $f, '>', "/dev/null$_[0]"; 'opened' }`,
  });
  assert.equal(await print('${perl{taint}}${perl{opens}{}}'), '1opened');
});

test('without startup code, and with code that does not compile', { skip }, async (context) => {
  const without = await openBench(context, { startup: undefined });
  assert.equal(await without.print('${perl{x}}'), 'Failed: A setting of perl_startup is needed when using the Perl interpreter');
  const broken = await openBench(context, { startup: 'sub x { 1 } use No::Such::Module;' });
  for (const _ of [1, 2])
    assert.match(await broken.print('${perl{x}}'), /^Failed: error in perl_startup code: Can't locate No\/Such\/Module\.pm /);
});

test('an interpreter that ends is replaced; one that hangs is ended', { skip }, async (context) => {
  const { print, bench } = await openBench(context, { timeLimitMs: 300 });
  assert.equal(await print('${perl{count}}'), '1');
  assert.equal(await print('${perl{ends}}'), 'Failed: the Perl interpreter failed in Perl subroutine "ends": it ended with status 3');
  assert.equal(await print('${perl{count}}'), '1');
  const outcome = await bench.expander.runtime('${perl{sleeps}}', 'test').evaluate(bench.frame());
  assert.deepEqual(outcome, { kind: 'defer', message: 'the Perl interpreter failed in Perl subroutine "sleeps": it was stopped' });
  assert.equal(await print('${perl{count}}'), '1');
});

test('calls side by side, in a bounded number of processes', { skip }, async (context) => {
  const { print } = await openBench(context);
  const pids = await Promise.all(Array.from({ length: 12 }, () => print('${perl{waits}}')));
  assert.ok(
    pids.every((pid) => /^[0-9]+$/.test(pid)),
    pids.join(),
  );
  assert.ok(new Set(pids).size <= 4);
  assert.ok(new Set(pids).size > 1);
});

test('by the spawner process', { skip }, async (context) => {
  const client: Spawner & { close(): void } = new SpawnerClient(async () => {
    const [ours, theirs] = duplexPair();
    void serveSpawner(theirs);
    return { kind: 'ok', value: ours };
  }, process.getuid?.() ?? 0);
  context.after(() => client.close());
  const { print } = await openBench(context, { spawner: client });
  const long = 'x'.repeat(400_000);
  assert.equal(await print(`\${perl{join_all}{${long}}{\${perl{count}}}}`), `${long}|1`);
  assert.equal(await print('${perl{dies}}'), 'Failed: oh dear at (eval 2) line 6.\n');
});
