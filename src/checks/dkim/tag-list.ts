/** Tag lists, of signatures and of key records. RFC 6376 s3.2, s2.11. */
import { type Octets, trimSpace } from '../../base/octets.ts';

export interface Tag {
  readonly name: Octets;
  /** As it stands there, from behind the `=`. */
  readonly value: Octets;
  /** Where the value begins in the text. */
  readonly from: number;
}

/** The tags with a `=`, in order; what stands between semicolons without one is no tag. */
export function readTags(text: Octets): Tag[] {
  const tags: Tag[] = [];
  for (let from = 0; from < text.length; ) {
    const semicolon = text.indexOf(';', from);
    const end = semicolon < 0 ? text.length : semicolon;
    const tag = text.slice(from, end);
    const equals = tag.indexOf('=');
    if (equals >= 0) tags.push({ name: trimSpace(tag.slice(0, equals)), value: tag.slice(equals + 1), from: from + equals + 1 });
    from = end + 1;
  }
  return tags;
}

/** Values by name, without white space at their ends. Of repeated tags the last counts. */
export function tagValues(tags: readonly Tag[]): ReadonlyMap<Octets, Octets> {
  return new Map(tags.map(({ name, value }) => [name, trimSpace(value)]));
}

/** RFC 6376 s3.2: within most values white space and folds mean nothing. */
export function withoutSpace(value: Octets): Octets {
  return value.replace(/[ \t\r\n]+/g, '');
}

/** RFC 6376 s2.11. What is no hexadecimal code stays as it is. */
export function decodeQuotedPrintable(value: Octets): Octets {
  return value.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Undefined when it is no base64, or of nothing. White space in it is passed over. */
export function decodeBase64(value: Octets): Buffer | undefined {
  const text = withoutSpace(value);
  return text !== '' && /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64') : undefined;
}
