/**
 * Values of a call as JSON in octets: every char of an octet string is one octet on the way. What JSON lacks is tagged: `{"$map": […]}`,
 * `{"$set": […]}`, `{"$bytes": "…"}`, `{"$int": "…"}`, `{"$number": "Infinity"}`. An object whose only key begins with `$` is wrapped (`{"$plain": …}`).
 */
import { ProtocolError } from './frames.ts';

export function encodeValue(value: unknown): Buffer {
  const text = JSON.stringify(tag(value)) ?? 'null';
  return Buffer.from(/[\u0100-\uffff]/.test(text) ? text.replace(/[\u0100-\uffff]/g, escapeUnit) : text, 'latin1');
}

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Throws ProtocolError when the octets are no such value. */
export function decodeValue(bytes: Buffer): unknown {
  try {
    return untag(JSON.parse(bytes.latin1Slice()));
  } catch (error) {
    throw new ProtocolError('a value that cannot be read', { cause: error });
  }
}

/** What JSON has is left as it is, so that most values are not copied. */
function tag(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $int: String(value) };
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) };
    case 'object':
      return value === null ? null : tagObject(value);
    default:
      return value;
  }
}

function tagObject(value: object): unknown {
  if (Array.isArray(value)) return mapItems(value, tag);
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).latin1Slice() };
  if (value instanceof Map) return { $map: [...value].map(([key, item]) => [tag(key), tag(item)]) };
  if (value instanceof Set) return { $set: [...value].map(tag) };
  const plain = mapFields(value, tag);
  return onlyTag(value) === undefined ? plain : { $plain: plain };
}

/** The name of an object's one field that is not undefined, when it looks like a tag. */
function onlyTag(value: object): string | undefined {
  let only: string | undefined;
  for (const key in value) {
    if (!Object.hasOwn(value, key) || Reflect.get(value, key) === undefined) continue;
    if (only !== undefined || key.charCodeAt(0) !== tagSign) return undefined;
    only = key;
  }
  return only;
}

const tagSign = 0x24; // $

/** The same array when no item changes. */
function mapItems(items: readonly unknown[], map: (item: unknown) => unknown): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = map(items[i]);
    if (item === items[i]) continue;
    changed ??= [...items];
    changed[i] = item;
  }
  return changed ?? items;
}

/** The same object when no field changes. A field `__proto__` stays a field. */
function mapFields(value: object, map: (item: unknown) => unknown): object {
  let changed: object | undefined;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const own = Reflect.get(value, key);
    const item = map(own);
    if (item === own) continue;
    changed ??= { ...value };
    if (key === '__proto__') Object.defineProperty(changed, key, { value: item, enumerable: true, configurable: true, writable: true });
    else Reflect.set(changed, key, item);
  }
  return changed ?? value;
}

function untag(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return mapItems(value, untag);
  const name = onlyTag(value);
  return name === undefined ? mapFields(value, untag) : untagOne(name, Reflect.get(value, name));
}

function untagOne(name: string, content: unknown): unknown {
  switch (name) {
    case '$int':
      return BigInt(text(content));
    case '$number':
      return Number(text(content)); // octets: one of Infinity, -Infinity, NaN
    case '$bytes':
      return Buffer.from(text(content), 'latin1');
    case '$map':
      return new Map(list(content).map((pair) => [untag(list(pair)[0]), untag(list(pair)[1])] as const));
    case '$set':
      return new Set(list(content).map(untag));
    case '$plain':
      return mapFields(Object(content), untag);
    default:
      throw new ProtocolError(`unknown tag ${name}`);
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new ProtocolError('a tag without its text');
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProtocolError('a tag without its list');
  return value;
}

/** Reads the fields of a value from another process; what is not as expected throws ProtocolError. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    if (
      typeof value !== 'object' ||
      value === null ||
      Array.isArray(value) ||
      value instanceof Map ||
      value instanceof Set ||
      value instanceof Uint8Array
    ) {
      throw new ProtocolError('not an object');
    }
    this.#values = value as Readonly<Record<string, unknown>>; // checked above
  }

  has(name: string): boolean {
    return this.get(name) !== undefined && this.get(name) !== null;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  string(name: string): string {
    const value = this.get(name);
    if (typeof value !== 'string') throw new ProtocolError(`${name}: not a string`);
    return value;
  }

  number(name: string): number {
    const value = this.get(name);
    if (typeof value !== 'number' || Number.isNaN(value)) throw new ProtocolError(`${name}: not a number`);
    return value;
  }

  /** A user or group id. */
  id(name: string): number {
    const value = this.number(name);
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_fffe) throw new ProtocolError(`${name}: not an id`);
    return value;
  }

  boolean(name: string): boolean {
    return this.get(name) === true;
  }

  bytes(name: string): Buffer {
    const value = this.get(name);
    if (!Buffer.isBuffer(value)) throw new ProtocolError(`${name}: not octets`);
    return value;
  }

  strings(name: string): readonly string[] {
    return this.array(name).map((item) => {
      if (typeof item !== 'string') throw new ProtocolError(`${name}: not strings`);
      return item;
    });
  }

  array(name: string): readonly unknown[] {
    const value = this.get(name);
    if (!Array.isArray(value)) throw new ProtocolError(`${name}: not a list`);
    return value;
  }

  map(name: string): ReadonlyMap<string, string> {
    const value = this.get(name);
    if (!(value instanceof Map)) throw new ProtocolError(`${name}: not a map`);
    for (const [key, item] of value)
      if (typeof key !== 'string' || typeof item !== 'string') throw new ProtocolError(`${name}: not strings`);
    return value;
  }

  /** The values themselves, without those named. */
  without(...names: readonly string[]): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(this.#values).filter(([name]) => !names.includes(name)));
  }

  fields(name: string): Fields {
    return new Fields(this.get(name));
  }
}
