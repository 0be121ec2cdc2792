/** Builds the text of a list item by item. Spec ch. 6 "List construction". */
import type { NotOk, Outcome } from '../core/outcome.ts';
import { concatText, derived, emptyText, isTainted, type Text, untainted } from '../core/text.ts';

export class ListBuilder {
  readonly #separator: string;
  #text: Text = emptyText;
  #isEmpty = true;

  constructor(separator: string) {
    this.#separator = separator;
  }

  /** An empty item after the first, and the separator at an item's start, get a space, so that they are not taken for a doubled separator. */
  add(item: Text): void {
    const quoted = item.octets.includes(this.#separator)
      ? derived(item.octets.replaceAll(this.#separator, this.#separator + this.#separator), item)
      : item;
    if (this.#isEmpty) {
      this.#isEmpty = false;
      this.#text = quoted;
      return;
    }
    const needsSpace = quoted.octets === '' || quoted.octets.startsWith(this.#separator);
    const joint = untainted(this.#separator + (needsSpace ? ' ' : ''));
    this.#text =
      isTainted(this.#text) || isTainted(quoted)
        ? concatText([this.#text, joint, quoted])
        : untainted(this.#text.octets + joint.octets + quoted.octets);
  }

  /** What is not `ok` ends the building. */
  addOutcome(outcome: Outcome<Text>): NotOk | undefined {
    if (outcome.kind !== 'ok') return outcome;
    this.add(outcome.value);
    return undefined;
  }

  text(): Text {
    return this.#text;
  }
}
