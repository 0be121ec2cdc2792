/** Expansions as routers and ACLs use them; one run should cost well under a microsecond, all of a message's together a small part of its millisecond. */
import { bench, do_not_optimize, run } from 'mitata';
import { invariant } from '../../src/base/invariant.ts';
import { builtin } from '../../src/builtin.ts';
import { tainted, untainted } from '../../src/core/text.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { testConfig, testFrame, testLocation } from '../../src/system/fakes/services.ts';

const expander = createExpander(await builtin.expansion());
const frame = testFrame({
  config: { ...testConfig({ compiler: expander }), compile: (text, what) => expander.runtime(text, what) },
  captures: [untainted('user@example.com'), tainted('user'), tainted('example.com')],
});

const texts: Readonly<Record<string, string>> = {
  constant: '/var/mail/none',
  concatenation: '/var/mail/$2/$1/new',
  condition: '${if eq{${lc:$2}}{example.com}{local}{remote}}',
  'regular expression': '${if match{$0}{^([^@]+)@}{$1}{none}}',
  'sg with captures': '${sg{$0}{([a-z]+)@}{<\\$1>@}}',
  list: '${if forany{<, a, b, c, example.com}{eq{$item}{$2}}{yes}{no}}',
  arithmetic: '${eval:3*(4+5)-1}',
};

for (const [name, source] of Object.entries(texts)) {
  const template = expander.template(source, testLocation, name);
  const first = await template.evaluate(frame);
  invariant(first.kind === 'ok', `${source} expands: ${JSON.stringify(first)}`);
  bench(name, () => do_not_optimize(template.evaluate(frame)));
}
bench('compile and run, cached by its text', () => do_not_optimize(expander.runtime('${lc:$2}', 'bench').evaluate(frame)));
bench('compile and run, anew', () =>
  do_not_optimize(expander.template('${if eq{${lc:$2}}{example.com}{local}{remote}}', testLocation, 'bench').evaluate(frame)),
);

await run();
