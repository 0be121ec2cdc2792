/** Every definition says what it is and where it is specified, shows an example, and lies in the file of its name. STYLE.md 5. */
import { basename } from 'node:path';
import type { Definition, DefinitionFile, Definitions, Options } from '../gen/definitions.ts';
import type { Finding } from './source.ts';

const withExamples: ReadonlySet<string> = new Set(['item', 'operator', 'condition']);
/** Names that can be file names; `<` and `>=` need another. */
const plainName = /^[A-Za-z][\w-]*$/;

export function checkDefinitions({ files, tables, problems }: Definitions): Finding[] {
  const broken = problems.map(({ path, message }) => ({ file: `src/${path}`, line: 1, message }));
  const undocumented = [...tables].flatMap(([{ path }, options]) =>
    problemsOfOptions(options).map((message) => ({ file: `src/${path}`, line: 1, message })),
  );
  return [...broken, ...files.flatMap(checkFile), ...findDuplicates(files), ...undocumented];
}

function checkFile(file: DefinitionFile): Finding[] {
  const messages = file.definitions.flatMap((definition) => problemsOf(definition).map((problem) => `${definition.name}: ${problem}`));
  const [only] = file.definitions;
  if (!file.isList && only && plainName.test(only.name) && basename(file.path, '.ts') !== only.name) {
    messages.push(`${only.name}: its file is to be named ${only.name}.ts`);
  }
  return messages.map((message) => ({ file: `src/${file.path}`, line: 1, message }));
}

function problemsOf(definition: Definition): string[] {
  const problems: string[] = [];
  if (!isSentence(definition.summary)) problems.push('has no summary (a sentence with a full stop)');
  if (!/ch\. \d+ "[^"]+"|RFC \d+|extension/.test(definition.spec ?? ''))
    problems.push('has no spec (`ch. 11 "Expansion items"`, `RFC 5321 s4.5`)');
  if (withExamples.has(definition.family) && !definition.isNotYet && !definition.examples?.length) problems.push('has no example');
  return [...problems, ...problemsOfOptions(definition.options ?? {})];
}

function problemsOfOptions(options: Options): string[] {
  return Object.entries(options).flatMap(([name, option]) => (option.doc?.trim() ? [] : [`option ${name} has no doc`]));
}

function isSentence(text: string | undefined): boolean {
  return text !== undefined && /\S[.:]$/.test(text);
}

function findDuplicates(files: readonly DefinitionFile[]): Finding[] {
  const owners = new Map<string, string>();
  const findings: Finding[] = [];
  for (const file of files) {
    for (const name of file.definitions.flatMap((definition) => [definition.name, ...(definition.aliases ?? [])])) {
      const key = `${file.part.family} ${name}`;
      const owner = owners.get(key);
      if (owner !== undefined) findings.push({ file: `src/${file.path}`, line: 1, message: `${name}: is also defined in ${owner}` });
      owners.set(key, `src/${file.path}`);
    }
  }
  return findings;
}
