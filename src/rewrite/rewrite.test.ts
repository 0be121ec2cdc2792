import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRewriteRule } from '../config/rewrite-rule.ts';
import type { RewriteRule } from '../core/config.ts';
import type { Frame } from '../core/frame.ts';
import { createExpander } from '../expand/expander.ts';
import { createLists } from '../lists/lists.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { fakeServices, testConfig, testFrame, testLocation } from '../system/fakes/services.ts';
import { rewriteHeaders } from './rewrite.ts';
import { rewriteTestLines } from './test-lines.ts';
import { transportRewriteRules, transportRulesProblem } from './transport-rules.ts';

const compiler = createExpander({ items: [], operators: [], conditions: [], variables: [] });

function rule(text: string): RewriteRule {
  const parsed = parseRewriteRule(text);
  if (parsed.kind === 'error') assert.fail(`${text}: ${parsed.message}`);
  return {
    at: testLocation,
    pattern: parsed.pattern,
    flags: parsed.flags,
    patternTemplate: compiler.template(parsed.pattern, testLocation, 'pattern'),
    replacement: compiler.template(parsed.replacement, testLocation, 'replacement'),
  };
}

function frameWith(rules: readonly string[]): { readonly frame: Frame; readonly log: FakeLog } {
  const log = new FakeLog();
  const config = testConfig({ rewriteRules: rules.map(rule), main: { qualify_domain: 'ex.com', qualify_recipient: 'ex.com' }, compiler });
  return { log, frame: testFrame({ config, services: fakeServices({ lists: createLists(), log }) }) };
}

const headerNames = ['sender', 'from', 'to', 'cc', 'bcc', 'reply-to'];

/** What -brw shows: every header the same unless `changed` says otherwise. */
function shown(inHeaders: string, inEnvelope: string, changed: Readonly<Record<string, string>> = {}): string[] {
  const lines = [...headerNames.map((name) => [name, inHeaders]), ['env-from', inEnvelope], ['env-to', inEnvelope]];
  return lines.map(([name = '', value = '']) => `${name.padStart(8)}: ${changed[name] ?? value}`);
}

// As Exim 4.96 prints them.
const cases: readonly (readonly [
  what: string,
  rules: readonly string[],
  argument: string,
  lines: readonly string[],
  panic?: readonly string[],
])[] = [
  ['an asterisk', ['*@old.ex $1@new.ex'], 'a@old.ex', shown('a@new.ex', 'a@new.ex')],
  ['no match', ['*@old.ex $1@new.ex'], 'a@other.ex', shown('a@other.ex', 'a@other.ex')],
  ['two asterisks', ['*queen@*.fict.ex $1-$2@z.ex'], 'hearts-queen@wonder.fict.ex', shown('hearts--wonder@z.ex', 'hearts--wonder@z.ex')],
  ['only the domain is wild', ['a@*.fict.ex x@$1.ex'], 'a@b.fict.ex', shown('x@b.ex', 'x@b.ex')],
  ['a regular expression', [String.raw`\N^(.)(.*)@re\.ex$\N $2$1@re.ex`], 'joe@RE.ex', shown('oej@re.ex', 'oej@re.ex')],
  ['the case of a local part counts', ['Joe@re.ex x@re.ex'], 'joe@re.ex', shown('joe@re.ex', 'joe@re.ex')],
  ['phrase and comment stay', ['*@old.ex $1@new.ex'], 'Foo <a@old.ex> (c)', shown('Foo <a@new.ex> (c)', 'a@new.ex')],
  ['flag w', ['*@w.ex "New Name <$1@w2.ex>" w'], '"N" <a@w.ex>', shown('New Name <a@w2.ex>', 'a@w2.ex')],
  [
    'flags choose places',
    ['*@q.ex x@y.ex frsF'],
    'a@q.ex',
    shown('a@q.ex', 'a@q.ex', { sender: 'x@y.ex', from: 'x@y.ex', 'reply-to': 'x@y.ex', 'env-from': 'x@y.ex' }),
  ],
  [
    'E and T and t',
    ['*@a.ex b@b.ex E', '*@b.ex c@c.ex T', '*@a.ex d@d.ex t'],
    'a@a.ex',
    shown('a@a.ex', 'b@b.ex', { to: 'd@d.ex', 'env-to': 'c@c.ex' }),
  ],
  ['a single asterisk ends it', ['*@star.ex *', '*@star.ex y@y.ex'], 'A@star.ex', shown('A@star.ex', 'A@star.ex')],
  ['later rules see earlier results', ['*@a.ex $1@b.ex', '*@b.ex $1@c.ex'], 'x@a.ex', shown('x@c.ex', 'x@c.ex')],
  ['flag q', ['*@a.ex $1@b.ex q', '*@b.ex $1@c.ex'], 'x@a.ex', shown('x@b.ex', 'x@b.ex')],
  ['an empty sender', ['*@q.ex <> F'], 'x@q.ex', shown('x@q.ex', 'x@q.ex', { 'env-from': '' })],
  ['flag Q', ['*@q.ex foo Q'], 'x@q.ex', shown('foo@ex.com', 'foo@ex.com')],
  [
    'unqualified without Q',
    ['*@q.ex foo h', '*@q.ex y@y.ex h'],
    'x@q.ex',
    shown('x@q.ex', 'x@q.ex'),
    headerNames.map(() => 'Rewrite of x@q.ex yielded unqualified address "foo"'),
  ],
  [
    'flag R',
    ['*@grow.ex a$1@grow.ex Rf'],
    'a@grow.ex',
    shown('a@grow.ex', 'a@grow.ex', { from: 'aaaaaaaaaaaa@grow.ex' }),
    ['rewrite rule repeat ignored after 10 times'],
  ],
  ['an unqualified address', ['*@ex.com $1@z.ex'], 'bob', shown('bob@z.ex', 'bob@z.ex')],
  ['flag S', ['^smtp(.*) $1@s.ex S'], 'smtpfoo', ['    SMTP: foo@s.ex', ...shown('smtpfoo@ex.com', 'smtpfoo@ex.com')]],
  ['a colon in the pattern is no separator', ['a:*@x.ex c@d.ex'], 'a@y.ex', shown('a@y.ex', 'a@y.ex')],
];

for (const [what, rules, argument, lines, panic] of cases) {
  test(`-brw: ${what}`, async () => {
    const { frame, log } = frameWith(rules);
    assert.deepEqual(await rewriteTestLines(argument, frame), lines);
    assert.deepEqual(
      log.lines.filter((line) => line.log === 'panic').map((line) => line.line),
      panic ?? [],
    );
  });
}

test('a header line that changes is marked deleted and followed by the new one', async () => {
  const { frame } = frameWith(['*@old.ex $1@new.ex h']);
  const from = { type: 'F', text: 'From: a <a@old.ex>,\n b@other.ex, unqualified\n' } as const;
  const subject = { type: ' ', text: 'Subject: a@old.ex\n' } as const;
  assert.deepEqual(await rewriteHeaders([from, subject], frame), [
    { type: '*', text: from.text },
    { type: 'F', text: 'From: a <a@new.ex>,\n b@other.ex, unqualified\n' },
    subject,
  ]);
});

test('rules of a transport: a list, without envelope flags', async () => {
  const { frame } = frameWith([]);
  const rules = transportRewriteRules('*@old.ex $1@new.ex f : *@*.x.ex "$1@x.ex"', testLocation, frame.config.compile);
  assert.deepEqual(
    rules.map(({ pattern, replacement, flags }) => [pattern, replacement.source, flags]),
    [
      ['*@old.ex', '$1@new.ex', 'f'],
      ['*@*.x.ex', '$1@x.ex', ''],
    ],
  );
  assert.equal(
    transportRulesProblem('*@a b@c f : *@a b@c E'),
    'rewrite rule specifies a non-header rewrite - not allowed at transport time -',
  );
  assert.equal(transportRulesProblem('*@a'), 'missing rewrite replacement string');
  assert.equal(transportRulesProblem('*@a b@c'), undefined);
});
