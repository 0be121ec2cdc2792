/** Configurations put together from how-to texts beside the repository: passages as they are, but for paths, ports and addresses. */
import { readFileSync } from 'node:fs';

/** The text behind the first line that contains `start`, up to the next line that contains `end`; the lines themselves are left out. */
export function passage(text: string, start: string, end: string): string {
  const from = text.indexOf(start);
  if (from < 0) throw new Error(`the how-to has no line with ${JSON.stringify(start)}`);
  const begin = text.indexOf('\n', from) + 1;
  const to = text.indexOf(end, begin);
  if (to < 0) throw new Error(`the how-to has no line with ${JSON.stringify(end)} after ${JSON.stringify(start)}`);
  return text.slice(begin, text.lastIndexOf('\n', to) + 1);
}

/** The fenced passage (between lines of three backquotes) that contains `words`. */
export function fenced(text: string, words: string, occurrence = 0): string {
  const found = text.split(/^```.*\n/m).filter((part, index) => index % 2 === 1 && part.includes(words));
  const part = found[occurrence];
  if (part === undefined) throw new Error(`the how-to has no passage ${occurrence} with ${JSON.stringify(words)}`);
  return part;
}

/** All of `changes` made; each must be there, so that a how-to that changes is noticed. */
export function replaceAll(
  text: string,
  changes: readonly (readonly [from: string | RegExp, to: string | ((...groups: string[]) => string)])[],
): string {
  return changes.reduce((current, [from, to]) => {
    if (typeof from === 'string' ? !current.includes(from) : !from.test(current)) throw new Error(`not found: ${from}`);
    const make = typeof to === 'string' ? () => to : to;
    return typeof from === 'string' ? current.replaceAll(from, make) : current.replace(from, make);
  }, text);
}

/** Web pages put no-break spaces before punctuation, which no administrator writes. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8').replaceAll('\u00a0', ' ');
}
