/** `npm run refs [part]`: for each section of a specification that the code names, the files and lines that name it. STYLE.md 8. */
import { dirname } from 'node:path';
import { lineAt, readSources } from './check/source.ts';

const reference = /\bRFC (\d+)(?: s([\d.]*\d))?|\b(?:Spec )?ch\. (\d+)(?: "([^"]+)")?/g;

interface Reference {
  readonly section: string;
  readonly place: string;
}

const root = dirname(import.meta.dirname);
const [wanted = ''] = process.argv.slice(2);

const references = ['src', 'test'].flatMap((folder) => readSources(root, folder)).flatMap(findReferences);
const bySection = Map.groupBy(references, ({ section }) => section);
const collator = new Intl.Collator('en', { numeric: true });
for (const [section, found] of [...bySection].sort(([a], [b]) => collator.compare(a, b))) {
  if (!section.includes(wanted)) continue;
  console.log(section);
  for (const place of new Set(found.map((reference) => reference.place))) console.log(`  ${place}`);
}

/** In comments and in `spec` of definitions. */
function findReferences(source: ReturnType<typeof readSources>[number]): Reference[] {
  return [...source.comments, ...source.strings].flatMap(({ at, text }) =>
    [...text.matchAll(reference)].map((match) => ({ section: nameOf(match), place: `${source.file}:${lineAt(source, at + match.index)}` })),
  );
}

function nameOf([, rfc, section, chapter, title]: RegExpMatchArray): string {
  if (rfc !== undefined) return section === undefined ? `RFC ${rfc}` : `RFC ${rfc} s${section}`;
  return title === undefined ? `Spec ch. ${chapter}` : `Spec ch. ${chapter} "${title}"`;
}
