/** The header of a MIME part: the fields that say what it is. Only those are kept, each up to a limit. RFC 2045 s3; Spec ch. 45 "Scanning MIME parts". */
import { lowerCase, type Octets, octetsFromBytes, trimStart } from '../../base/octets.ts';
import type { MimePart } from '../../core/content-scan.ts';
import { headerName } from '../header.ts';
import { endOfLine, isBoundaryLine, type OpenBoundaries } from './boundaries.ts';
import { parseStructuredField } from './parameters.ts';
import { WINDOW_BYTES, type Window } from './source.ts';

export type PartFacts = Omit<MimePart, 'number' | 'isMultipart' | 'isCoverLetter' | 'body'>;

/** A fact that is a text. */
type FactName = Exclude<keyof PartFacts, 'otherFileNames'>;

export interface PartHeader {
  readonly facts: PartFacts;
  /** A Content-Type: says so; of several perhaps not the last one, which is that of the facts. */
  readonly isMultipart: boolean;
  /** Where several are given, programs differ in which they take: each counts. The last is the one of the facts. */
  readonly boundaries: readonly Octets[];
  /** It says one thing in so many ways that not all are known. */
  readonly isExcessive: boolean;
  /** Where the body begins. */
  readonly end: number;
}

/** A field with all its lines: what is longer is not seen. */
const MAX_FIELD = WINDOW_BYTES;
/** Values of one parameter. */
const MAX_VALUES = 1000;
const LF = 0x0a;

/**
 * From a line's beginning on. A boundary line ends a header that has no empty line behind it, too. `checksLength`: option
 * `check_rfc2047_length`.
 */
export async function readPartHeader(window: Window, from: number, boundaries: OpenBoundaries, checksLength: boolean): Promise<PartHeader> {
  const reader = new FactsReader(boundaries, checksLength);
  let at = from;
  for (;;) {
    const taken = reader.takeLines(await window.at(at));
    at += taken;
    if (reader.isOver) break;
    if (taken > 0) continue;
    // No whole line is held.
    const bytes = await window.at(at, WINDOW_BYTES);
    if (bytes.length === 0) break;
    if (bytes.includes(LF)) continue;
    reader.takeLine(octetsFromBytes(bytes));
    at = await endOfLine(window, at + bytes.length);
  }
  const facts = reader.facts();
  return { facts, isMultipart: reader.isMultipart, boundaries: reader.givenBoundaries(), isExcessive: reader.isExcessive, end: at };
}

/** The parts of a field that are asked for by the name of the field, and of a parameter. */
const FIELDS: ReadonlyMap<Octets, FactName> = new Map([
  ['content-type', 'contentType'],
  ['content-disposition', 'contentDisposition'],
  ['content-transfer-encoding', 'contentTransferEncoding'],
  ['content-id', 'contentId'],
  ['content-description', 'contentDescription'],
]);

/** In whichever field they are, as in Exim. A later one goes first, but no `name` before a `filename`, which mail programs prefer. */
const PARAMETERS: readonly (readonly [Octets, FactName])[] = [
  ['boundary', 'boundary'],
  ['charset', 'charset'],
  ['name', 'fileName'],
  ['filename', 'fileName'],
];

const WANTED: ReadonlySet<Octets> = new Set(PARAMETERS.map(([name]) => name));

class FactsReader {
  readonly #boundaries: OpenBoundaries;
  readonly #checksLength: boolean;
  readonly #facts = new Map<FactName, Octets>();
  /** Values by parameter, each once, in the order in which they were said last. */
  readonly #given = new Map<Octets, Set<Octets>>();
  #isFirst = true;
  /** The field that is being read, when it is one of ours. */
  #field: FactName | undefined;
  #text = '';
  /** Its last line was read. */
  isOver = false;
  isMultipart = false;
  isExcessive = false;

  constructor(boundaries: OpenBoundaries, checksLength: boolean) {
    this.#boundaries = boundaries;
    this.#checksLength = checksLength;
  }

  /** All whole lines, up to the end of the header. Says how many octets that are. */
  takeLines(bytes: Buffer): number {
    let at = 0;
    for (let end = bytes.indexOf(LF); end >= 0 && !this.isOver; end = bytes.indexOf(LF, at)) {
      const line = octetsFromBytes(bytes.subarray(at, end));
      if (isBoundaryLine(line, this.#boundaries)) {
        this.isOver = true;
        return at;
      }
      this.isOver = line === '' || line === '\r';
      if (!this.isOver) this.takeLine(line);
      at = end + 1;
    }
    return at;
  }

  takeLine(line: Octets): void {
    const isContinued = (line.startsWith(' ') || line.startsWith('\t')) && !this.#isFirst;
    if (isContinued) {
      if (this.#field !== undefined && this.#text.length + line.length < MAX_FIELD) this.#text += `\n${line}`;
      return;
    }
    this.#finishField();
    const text = this.#isFirst ? trimStart(line) : line;
    this.#isFirst = false;
    const name = headerName(text);
    this.#field = name === undefined ? undefined : FIELDS.get(lowerCase(name));
    if (this.#field !== undefined) this.#text = text.slice(text.indexOf(':') + 1);
  }

  facts(): PartFacts {
    this.#finishField();
    for (const [name, fact] of PARAMETERS) {
      const value = [...(this.#given.get(name) ?? [])].at(-1);
      if (value !== undefined) this.#facts.set(fact, value);
    }
    const facts: PartFacts = Object.fromEntries(this.#facts);
    const others = this.#otherFileNames(facts.fileName ?? '');
    return others.length === 0 ? facts : { ...facts, otherFileNames: others };
  }

  /** One for each other ending. */
  #otherFileNames(chosen: Octets): readonly Octets[] {
    const names = [...(this.#given.get('filename') ?? []), ...(this.#given.get('name') ?? [])];
    const byEnding = new Map(names.map((name) => [endingOf(name), name]));
    byEnding.delete(endingOf(chosen));
    return [...byEnding.values()];
  }

  givenBoundaries(): readonly Octets[] {
    return [...(this.#given.get('boundary') ?? [])];
  }

  /** What is said again counts. */
  #finishField(): void {
    if (this.#field === undefined) return;
    const { value, parameters } = parseStructuredField(this.#text, this.#checksLength);
    if (value !== '') this.#facts.set(this.#field, value);
    if (this.#field === 'contentType' && value.startsWith('multipart')) this.isMultipart = true;
    for (const [name, values] of parameters) for (const value of values) this.#keep(name, value);
    this.#field = undefined;
  }

  #keep(name: Octets, value: Octets): void {
    if (!WANTED.has(name)) return;
    const known = this.#given.get(name) ?? new Set<Octets>();
    known.delete(value);
    if (known.size < MAX_VALUES) known.add(value);
    else this.isExcessive = true;
    this.#given.set(name, known);
  }
}

function endingOf(name: Octets): Octets {
  return lowerCase(name.slice(name.lastIndexOf('.') + 1 || name.length));
}
