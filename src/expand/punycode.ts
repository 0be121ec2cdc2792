/** Punycode: Unicode text in letters, digits and hyphens. RFC 3492. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 128;
const MAX_CODE = 0x10ffff;

/** RFC 3492 s6.3. */
export function encodePunycode(text: string): string {
  const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0);
  const basic = codes.filter((code) => code < INITIAL_N);
  let output = String.fromCharCode(...basic) + (basic.length > 0 ? '-' : '');
  let n = INITIAL_N;
  let delta = 0;
  let bias = INITIAL_BIAS;
  let handled = basic.length;
  while (handled < codes.length) {
    const next = Math.min(...codes.filter((code) => code >= n));
    delta += (next - n) * (handled + 1);
    n = next;
    for (const code of codes) {
      if (code < n) delta++;
      if (code !== n) continue;
      output += encodeDelta(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return output;
}

function encodeDelta(delta: number, bias: number): string {
  let output = '';
  let rest = delta;
  for (let k = BASE; ; k += BASE) {
    const threshold = thresholdAt(k, bias);
    if (rest < threshold) return output + digitToChar(rest);
    output += digitToChar(threshold + ((rest - threshold) % (BASE - threshold)));
    rest = Math.trunc((rest - threshold) / (BASE - threshold));
  }
}

/** RFC 3492 s6.2; undefined when it is no punycode. */
export function decodePunycode(text: string): string | undefined {
  const basicLength = Math.max(0, text.lastIndexOf('-'));
  const codes = Array.from(text.slice(0, basicLength), (char) => char.charCodeAt(0));
  let n = INITIAL_N;
  let position = 0;
  let bias = INITIAL_BIAS;
  for (let at = basicLength > 0 ? basicLength + 1 : 0; at < text.length; ) {
    const delta = decodeDelta(text, at, bias);
    if (delta === undefined) return undefined;
    at = delta.end;
    const size = codes.length + 1;
    const total = position + delta.value;
    bias = adapt(delta.value, size, codes.length === basicLength);
    n += Math.trunc(total / size);
    if (n > MAX_CODE) return undefined;
    position = total % size;
    codes.splice(position, 0, n);
    position++;
  }
  return String.fromCodePoint(...codes);
}

function decodeDelta(text: string, from: number, bias: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  let weight = 1;
  for (let at = from, k = BASE; at < text.length; at++, k += BASE) {
    const digit = charToDigit(text.charCodeAt(at));
    if (digit < 0) return undefined;
    value += digit * weight;
    if (value > Number.MAX_SAFE_INTEGER / BASE) return undefined;
    const threshold = thresholdAt(k, bias);
    if (digit < threshold) return { value, end: at + 1 };
    weight *= BASE - threshold;
  }
  return undefined;
}

function thresholdAt(k: number, bias: number): number {
  return Math.min(T_MAX, Math.max(T_MIN, k - bias));
}

/** RFC 3492 s6.1. */
function adapt(delta: number, size: number, isFirst: boolean): number {
  let rest = isFirst ? Math.trunc(delta / DAMP) : delta >> 1;
  rest += Math.trunc(rest / size);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) rest = Math.trunc(rest / (BASE - T_MIN));
  return k + Math.trunc(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}

function digitToChar(digit: number): string {
  return String.fromCharCode(digit < 26 ? digit + 0x61 : digit - 26 + 0x30);
}

function charToDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26;
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  return code >= 0x61 && code <= 0x7a ? code - 0x61 : -1;
}
