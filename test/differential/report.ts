/** Differences grouped by what they have in common, so that one cause is one paragraph. */
import { type Difference, explain, textOf } from './explained.ts';

/** Of each group so many examples are shown, the shortest. */
export function reportDifferences(
  differences: readonly Difference[],
  examples: number,
  write: (text: string) => void,
): { readonly unexplained: number } {
  const explained = new Map<string, number>();
  const groups = new Map<string, Difference[]>();
  for (const difference of differences) {
    const why = explain(difference);
    if (why !== undefined) explained.set(why, (explained.get(why) ?? 0) + 1);
    else groups.set(causeOf(difference), [...(groups.get(causeOf(difference)) ?? []), difference]);
  }
  for (const [cause, members] of [...groups].sort(([, a], [, b]) => b.length - a.length)) write(groupText(cause, members, examples));
  for (const [why, count] of explained) write(`${count} explained: ${why}\n`);
  const unexplained = [...groups.values()].reduce((sum, members) => sum + members.length, 0);
  write(`${differences.length} differ, ${unexplained} unexplained in ${groups.size} groups\n`);
  return { unexplained };
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
