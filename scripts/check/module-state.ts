/** No mutable module-level variable: caches live in an object that someone creates, passes and closes. STYLE.md 3. */
import { type Finding, lineAt, type Source } from './source.ts';

const collection = /^new\s+(?:Map|Set|WeakMap|WeakSet|Array)\b/;
const emptyLiteral = /^(?:\[\s*\]|\{\s*\})\s*(?:;|\n|$|as\b)/;
const readonlyType = /^(?:Readonly|readonly\b)/;

export function checkModuleState(sources: readonly Source[]): Finding[] {
  return sources.filter((source) => !source.isTest).flatMap(findState);
}

function findState(source: Source): Finding[] {
  const findings: Finding[] = [];
  const report = (at: number, message: string) => findings.push({ file: source.file, line: lineAt(source, at), message });
  const topLevel = outermostCode(source.code);
  for (const match of topLevel.matchAll(/\b(let|var)\s+\w/g)) report(match.index, `${match[1]} at module level`);
  for (const match of topLevel.matchAll(/\bconst\s+(\w+)\s*(?::\s*([^=]*?))?\s*=(?!=|>)/g)) {
    const value = source.code.slice(match.index + match[0].length).trimStart();
    const isReadonly = readonlyType.test(match[2] ?? '');
    if (!isReadonly && (collection.test(value) || emptyLiteral.test(value))) {
      report(match.index, `${match[1]} is mutable: give it a Readonly type, or an owner that creates and closes it`);
    }
  }
  for (const match of source.code.matchAll(/\bstatic\s+(?!readonly\b|async\b|\{|\*)(#?\w+)\s*(?::[^=;(]*)?=(?!=|>)/g)) {
    report(match.index, `static ${match[1]} is mutable: it is shared by all instances`);
  }
  return findings;
}

/** The code outside all braces, brackets and parentheses; the rest is blanked. */
function outermostCode(code: string): string {
  let depth = 0;
  let outermost = '';
  for (const char of code) {
    if ('([{'.includes(char)) depth++;
    outermost += depth === 0 || char === '\n' ? char : ' ';
    if (')]}'.includes(char)) depth--;
  }
  return outermost;
}
