/** The steps of a list check in `-d` and `-bh` output. */
import type { Octets } from '../base/octets.ts';
import { octetsFromUnicode } from '../base/octets.ts';
import type { Log } from '../core/ports.ts';

const bar = octetsFromUnicode('╎');
/** A space in an item. */
const shade = octetsFromUnicode('░');

export class ListTrace {
  readonly #log: Log;
  readonly #isOn: boolean;
  readonly #subject: Octets;
  /** With its quotes. */
  readonly #label: Octets;
  readonly #level: number;

  /** `level` is the column of the list's own lines. */
  constructor(log: Log, subject: Octets, label: Octets, level: number) {
    this.#log = log;
    this.#isOn = log.isDebug('lists');
    this.#subject = subject;
    this.#label = label;
    this.#level = level;
  }

  begin(): void {
    this.#write(this.#level, () => `${this.#question()}?`);
  }

  element(whole: Octets): void {
    this.#write(this.#level + 1, () => `list element: ${whole.replaceAll(' ', shade)}`);
  }

  line(text: string): void {
    this.#write(this.#level + 1, () => text);
  }

  matched(isInList: boolean, whole: Octets): void {
    this.#write(this.#level + 1, () => `${this.#question()}? ${isInList ? 'yes' : 'no'} (matched "${whole}")`);
  }

  result(isInList: boolean, why: string): void {
    this.#write(this.#level + 1, () => `${this.#question()}? ${isInList ? 'yes' : 'no'} (${why})`);
  }

  end(isInList: boolean): void {
    this.#write(this.#level, () => `${this.#question()}? ${isInList ? 'yes' : 'no'} (end of list)`);
  }

  #question(): Octets {
    return `${this.#subject} in ${this.#label}`;
  }

  #write(level: number, text: () => string): void {
    if (this.#isOn) this.#log.debug('lists', () => indentation(this.#log.indent ?? 0, level) + text());
  }
}

/** Every fourth column shows a bar; the log itself begins a line with `given` of them. */
function indentation(given: number, level: number): Octets {
  let text = '';
  for (let i = given; i < given + level; i++) text += i % 4 === 3 ? bar : ' ';
  return text;
}
