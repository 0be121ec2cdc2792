/** A header line of tags that is folded as Exim folds DKIM-Signature:, so that both sign the same octets. RFC 6376 s3.5, RFC 5322 s2.2.3. */
import type { Octets } from '../../base/octets.ts';

/** Columns of a line; a continuation begins with a tab, which is one. */
const WIDTH = 78;

export class FoldedLine {
  #text: Octets;
  #column: number;

  constructor(beginning: Octets) {
    this.#text = beginning;
    this.#column = beginning.length;
  }

  /** With \n line ends. */
  get text(): Octets {
    return this.#text;
  }

  /** `; name=value`, the semicolon that of the tag before. What is too long for any line is broken wherever a line ends. */
  tag(name: Octets, value: Octets): void {
    const isNewLine = this.#separator(';');
    const isLong = name.length + value.length + 2 >= WIDTH;
    if (this.#fits(name.length + value.length + 2)) this.#put(` ${name}=${value}`);
    else if (isLong || isNewLine) {
      this.#tagName(name);
      this.value(value);
    } else {
      this.#fold();
      this.#put(`${name}=${value}`);
    }
  }

  /** A tag whose value follows, too long for any line. */
  beginTag(name: Octets): void {
    this.#separator(';');
    this.#tagName(name);
  }

  /** Another part of a value that is a list. */
  item(value: Octets): void {
    this.#separator(':');
    if (!this.#fits(value.length) && value.length < WIDTH) this.#fold();
    this.value(value);
  }

  /** Broken wherever a line ends. */
  value(value: Octets): void {
    for (let at = 0; at < value.length; ) {
      if (!this.#fits(1)) this.#fold();
      const part = value.slice(at, at + WIDTH - this.#column);
      this.#put(part);
      at += part.length;
    }
  }

  end(): void {
    this.#separator(';');
    this.#text += '\n';
  }

  /** Whether it had to go on a line of its own. */
  #separator(octet: Octets): boolean {
    const isNewLine = !this.#fits(1);
    if (isNewLine) this.#fold();
    this.#put(octet);
    return isNewLine;
  }

  #tagName(name: Octets): void {
    if (this.#fits(1)) this.#put(' ');
    else this.#fold();
    if (!this.#fits(name.length + 1)) this.#fold();
    this.#put(`${name}=`);
  }

  #fits(length: number): boolean {
    return this.#column + length <= WIDTH;
  }

  #put(text: Octets): void {
    this.#text += text;
    this.#column += text.length;
  }

  #fold(): void {
    this.#text += '\n\t';
    this.#column = 1;
  }
}
