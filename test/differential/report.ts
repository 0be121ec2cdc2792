/** Differences grouped by what they have in common, so that one cause is one paragraph. */
import { type Difference, explain, textOf } from './explained.ts';

export interface Shown {
  /** Of each group so many examples are shown, the shortest. */
  readonly examples: number;
  /** What is explained too, by its explanation. */
  readonly explained: boolean;
}

export function reportDifferences(
  differences: readonly Difference[],
  shown: Shown,
  write: (text: string) => void,
): { readonly unexplained: number } {
  const known = Map.groupBy(differences, explain);
  const unknown = known.get(undefined) ?? [];
  const groups = [...Map.groupBy(unknown, causeOf)].sort(([, a], [, b]) => b.length - a.length);
  for (const [cause, members] of groups) write(groupText(cause, members, shown.examples));
  for (const [why, members] of known) {
    if (why === undefined) continue;
    write(shown.explained ? groupText(why, members, shown.examples) : `${members.length} explained: ${why}\n`);
  }
  write(`${differences.length} differ, ${unknown.length} unexplained in ${groups.length} groups\n`);
  return { unexplained: unknown.length };
}

function groupText(cause: string, members: readonly Difference[], count: number): string {
  const shown = [...members].sort((a, b) => a.line.length - b.line.length).slice(0, count);
  const lines = shown.map(
    ({ line, reference, ours }) =>
      `  ${line}\n    reference ${JSON.stringify(textOf(reference))}\n    ours      ${JSON.stringify(textOf(ours))}\n`,
  );
  return `${members.length}  x  ${cause}\n${lines.join('')}\n`;
}

/** The shape of both answers; of failures their words, of results only that they are some. */
function causeOf({ reference, ours }: Difference): string {
  return `${shapeOf(textOf(reference))} -> ${shapeOf(textOf(ours))}`;
}

function shapeOf(text: string): string {
  if (!text.startsWith('Failed: ')) return text.startsWith('(') ? text.slice(0, 40) : text === '' ? 'empty' : 'text';
  return text
    .replace(/remaining string is '[^]*/, 'remaining string')
    .replace(/"[^"]*"/g, '"*"')
    .replace(/\d+/g, '9')
    .slice(0, 100);
}
