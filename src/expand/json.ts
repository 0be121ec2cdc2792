/** The JSON that `${extract json` and `forany_json` read: a value is cut out as it is written. RFC 8259. */
import { type Octets, skipSpace, trimEnd } from '../base/octets.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';

/** Where an error is told: Exim names the extract item even for conditions. */
const WHERE = 'for extract json';

/** Elements of an array, each as written but for white space before it. */
export function jsonArrayItems(text: Octets): Outcome<readonly Octets[]> {
  return elements(text, '[', ']', 'array');
}

/** The value of an object's member, as written; undefined when there is no such member. Names are compared with case. */
export function jsonMember(text: Octets, name: Octets): Outcome<Octets | undefined> {
  const members = elements(text, '{', '}', 'object');
  if (members.kind !== 'ok') return members;
  for (const member of members.value) {
    const at = skipSpace(member, 0);
    if (member[at] !== '"') return fail(`missing '"' wrapping string key ${WHERE}`);
    const end = stringEnd(member, at);
    const colon = skipSpace(member, end);
    if (member[colon] !== ':') return fail(`missing object value-separator ${WHERE}`);
    if (member.slice(at + 1, end - 1) === name) return ok(member.slice(skipSpace(member, colon + 1)));
  }
  return ok(undefined);
}

/** A JSON string without its quotes; its escapes stay. */
export function unquoteJson(value: Octets): Outcome<Octets> {
  const text = trimEnd(value);
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return fail(`missing '"' wrapping string result for extract jsons`);
  return ok(text.slice(1, -1));
}

function elements(text: Octets, open: string, close: string, what: string): Outcome<readonly Octets[]> {
  const start = skipSpace(text, 0);
  if (text[start] !== open) return fail(`missing '${open}' wrapping ${what} ${WHERE}`);
  const items: Octets[] = [];
  let from = skipSpace(text, start + 1);
  if (text[from] === close) return ok(items);
  for (;;) {
    const end = valueEnd(text, from);
    if (end >= text.length) return fail(`missing '${close}' wrapping ${what} ${WHERE}`);
    items.push(text.slice(from, end));
    if (text[end] !== ',') return ok(items);
    from = skipSpace(text, end + 1);
  }
}

/** The comma or closing bracket that ends the value which begins here; strings and nested values are passed over. */
function valueEnd(text: Octets, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; ) {
    const char = text[at];
    if (char === '"') {
      at = stringEnd(text, at);
      continue;
    }
    if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') {
      if (depth === 0) return at;
      depth--;
    } else if (char === ',' && depth === 0) return at;
    at++;
  }
  return text.length;
}

/** After the closing quote of the string that begins here. */
function stringEnd(text: Octets, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
