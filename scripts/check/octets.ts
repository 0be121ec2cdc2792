/** On octets JavaScript's own string functions are wrong: they treat 0xA0 and 0xC0-0xFF as spaces and letters. STYLE.md 4. */
import { type Finding, lineAt, type Source } from './source.ts';

const exempt = /^src\/(?:base|tools|system)\//;
const forbidden =
  /\.(trim|trimStart|trimEnd|toLowerCase|toUpperCase|toLocaleLowerCase|toLocaleUpperCase|localeCompare|normalize)\b|(?<![.\w])(Number)\s*\(/g;

/** A comment `octets: why` on the line, or alone on the line above, permits it. */
export function checkOctets(sources: readonly Source[]): Finding[] {
  return sources
    .filter((source) => !exempt.test(source.file) && !source.isTest)
    .flatMap((source) => {
      const permitted = permittedLines(source);
      return [...findCalls(source), ...findRegexes(source)].filter(({ line }) => !permitted.has(line));
    });
}

function findCalls(source: Source): Finding[] {
  return [...source.code.matchAll(forbidden)].map((match) => ({
    file: source.file,
    line: lineAt(source, match.index),
    message: `${match[1] ?? match[2]} is not for octets: see base/octets, or say why in a comment \`octets: ...\``,
  }));
}

function findRegexes(source: Source): Finding[] {
  return source.regexes
    .filter(({ text, flags }) => flags.includes('i') || /(?<!\\)(?:\\\\)*\\[sS]/.test(text.replaceAll('[\\s\\S]', '')))
    .map(({ at, flags }) => ({
      file: source.file,
      line: lineAt(source, at),
      message: `a regular expression with ${flags.includes('i') ? 'flag i' : '\\s'} is not for octets: write the set, or say why in a comment \`octets: ...\``,
    }));
}

function permittedLines(source: Source): Set<number> {
  const lines = new Set<number>();
  for (const { at, text } of source.comments) {
    if (!/\boctets: \S/.test(text)) continue;
    const line = lineAt(source, at + text.length);
    lines.add(line);
    const lineStart = source.text.lastIndexOf('\n', at) + 1;
    if (source.text.slice(lineStart, at).trim() === '') lines.add(line + 1);
  }
  return lines;
}
