/**
 * The parts of a MIME message in their order, read from where it lies: multiparts and what is in them; a message in a message is a part like
 * others. Spec ch. 45 "Scanning MIME parts", RFC 2046 s5.1.
 */
import type { MimePart } from '../../core/content-scan.ts';
import { findBoundaryLine, MAX_BOUNDARY, OpenBoundaries, octetsBefore } from './boundaries.ts';
import { readPartHeader } from './part-header.ts';
import { type ByteSource, Window } from './source.ts';

export interface WalkLimits {
  /** `check_rfc2047_length`. */
  readonly checksLength: boolean;
  readonly maxParts: number;
}

/** Multiparts in each other. */
const MAX_DEPTH = 1000;
/** Boundaries of one multipart, and names of one part besides the first. */
const MAX_ALTERNATIVES = 5;

/** Which parts of a multipart belong to the cover letter. */
type CoverLetter = 'all' | 'first' | 'none';

/** `visit` is called for each part and says whether to go on. `too-many`: of parts, of multiparts in each other, of what one header says. */
export async function walkParts(
  source: ByteSource,
  limits: WalkLimits,
  visit: (part: MimePart) => Promise<boolean>,
): Promise<'done' | 'stopped' | 'too-many'> {
  const window = new Window(source);
  const boundaries = new OpenBoundaries();
  const covers: CoverLetter[] = [];
  let at = 0;
  for (let number = 0; number < limits.maxParts; number++) {
    const header = await readPartHeader(window, at, boundaries, limits.checksLength);
    const { facts, isMultipart, boundaries: given, end } = header;
    if (header.isExcessive || (facts.otherFileNames?.length ?? 0) > MAX_ALTERNATIVES) return 'too-many';
    const isCoverLetter = covers.length === 0 || covers.at(-1) !== 'none';
    if (covers.at(-1) === 'first') covers[covers.length - 1] = 'none';
    const body = () => octetsBefore(window, end, boundaries);
    if (!(await visit({ ...facts, number, isMultipart, isCoverLetter, body }))) return 'stopped';
    const opened = isMultipart ? given.filter((boundary) => boundary.length <= MAX_BOUNDARY) : [];
    if (opened.length > 0) {
      if (covers.length === MAX_DEPTH || opened.length > MAX_ALTERNATIVES) return 'too-many';
      boundaries.open(opened);
      covers.push(isCoverLetter ? coverOf(facts.contentType) : 'none');
    }
    const next = await nextPart(window, end, boundaries, covers);
    if (next === undefined) return 'done';
    at = next;
  }
  return 'too-many';
}

function coverOf(contentType: string | undefined): CoverLetter {
  return contentType === 'multipart/alternative' || contentType === 'multipart/related' ? 'all' : 'first';
}

/** Where the header of the next part begins; undefined when all multiparts are at their end. */
async function nextPart(window: Window, from: number, boundaries: OpenBoundaries, covers: CoverLetter[]): Promise<number | undefined> {
  let at = from;
  while (boundaries.depth > 0) {
    const line = await findBoundaryLine(window, at, boundaries);
    if (line === undefined) return undefined;
    boundaries.pass(line);
    covers.length = boundaries.depth;
    if (!line.isClosing) return line.to;
    at = line.to;
  }
  return undefined;
}
