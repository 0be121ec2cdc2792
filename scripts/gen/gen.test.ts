import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDefinitions } from '../check/definitions.ts';
import { generateBuiltin } from './builtin.ts';
import type { Definition, DefinitionFile } from './definitions.ts';
import { families } from './families.ts';
import { generateReference } from './reference.ts';

function file(path: string, ...definitions: Partial<Definition>[]): DefinitionFile {
  const part = families.flatMap((family) => family.parts).find(({ folder }) => path.startsWith(`${folder}/`));
  assert.ok(part, path);
  const complete = {
    family: part.family,
    name: 'x',
    summary: 'Does it.',
    spec: 'ch. 11 "Expansion items"',
    examples: [['a', 'b']] as const,
  };
  return { path, part, isList: definitions.length > 1, definitions: definitions.map((definition) => ({ ...complete, ...definition })) };
}

const operator = file('expand/operators/lc.ts', {
  name: 'lc',
  aliases: ['lower'],
  examples: [
    ['${lc:A|`}', 'a\xe9\n'],
    ['${lc:', { kind: 'fail', message: 'missing }' }],
  ],
});
const variables = file('expand/variables/sender.ts', { name: 'sender_b' }, { name: 'sender_a' });
const router = file('routers/drivers/accept.ts', {
  name: 'accept',
  options: { mode: { kind: 'octal', default: 0o600, doc: 'The mode.' } },
});
const files = [operator, variables, router];

test('builtin: a family imports its files, the registry only families', () => {
  const generated = generateBuiltin(files, ['_HAVE_TLS']);
  assert.match(generated.get('src/builtin/macros.ts') ?? '', /`\n_HAVE_TLS\n`/);
  assert.match(generated.get('src/builtin/expansion.ts') ?? '', /import operatorLc from '\.\.\/expand\/operators\/lc\.ts';/);
  assert.match(
    generated.get('src/builtin/expansion.ts') ?? '',
    /operators: \[\n {4}operatorLc,\n {2}\],\n {2}conditions: \[\],\n {2}variables: \[\n {4}\.\.\.variableSender,/,
  );
  assert.match(
    generated.get('src/builtin/routers.ts') ?? '',
    /const family = \[\n {2}routerAccept,\n\] as unknown as readonly RouterDefinition\[\];/,
  );
  const registry = generated.get('src/builtin.ts') ?? '';
  assert.match(registry, /routers: async \(\) => \(await import\('\.\/builtin\/routers\.ts'\)\)\.default,/);
  assert.doesNotMatch(registry, /^import .*(expand|drivers)/m);
});

test('reference: options and examples are tables, octets that Markdown would not show are escaped', () => {
  const pages = generateReference({ files, tables: new Map(), problems: [] });
  const operators = pages.get('docs/reference/expansion-operators.md') ?? '';
  assert.match(operators, /## `lc` \(also `lower`\)/);
  assert.ok(operators.includes('| ``${lc:A\\|`}`` | `a\\xe9\\n` |'), operators);
  assert.ok(operators.includes('| `${lc:` | fails: `missing }` |'));
  assert.ok((pages.get('docs/reference/routers.md') ?? '').includes('| `mode` | octal | `0600` | The mode. |'));
  assert.ok((pages.get('docs/reference/routers.md') ?? '').includes('**Not built yet**'));
  assert.ok(!operators.includes('**Not built yet**'));
  assert.ok((pages.get('docs/reference/README.md') ?? '').includes('- [Variables](variables.md): 2\n'));
});

test('check: what a definition lacks is named', () => {
  const cases: [file: DefinitionFile, messages: string[]][] = [
    [operator, []],
    [variables, []],
    [router, []],
    [file('expand/operators/lc.ts', { name: 'uc' }), ['uc: its file is to be named uc.ts']],
    [file('expand/conditions/less.ts', { name: '<' }), []],
    [file('expand/operators/x.ts', { summary: '' }), ['x: has no summary (a sentence with a full stop)']],
    [file('expand/operators/x.ts', { spec: 'somewhere' }), ['x: has no spec (`ch. 11 "Expansion items"`, `RFC 5321 s4.5`)']],
    [file('expand/operators/x.ts', { examples: [] }), ['x: has no example']],
    [file('expand/operators/x.ts', { examples: [], isNotYet: true }), []],
    [file('lookups/drivers/x.ts', { examples: [] }), []],
    [file('routers/drivers/x.ts', { options: { a: { kind: 'string', default: undefined, doc: ' ' } } }), ['x: option a has no doc']],
    [file('expand/operators/x.ts', { aliases: ['x'] }), ['x: is also defined in src/expand/operators/x.ts']],
  ];
  for (const [input, messages] of cases) {
    const findings = checkDefinitions({ files: [input], tables: new Map(), problems: [] });
    assert.deepEqual(
      findings.map(({ message }) => message),
      messages,
      input.path,
    );
  }
});
