/** Base 62 with the digits 0-9A-Za-z, most significant first: message ids (Spec ch. 3 "Message identification"). */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function toBase62(value: number | bigint, width: number): string {
  let rest = BigInt(value);
  let text = '';
  while (text.length < width) {
    text = (DIGITS[Number(rest % 62n)] ?? '0') + text;
    rest /= 62n;
  }
  return text;
}

/** Undefined when a char is no digit. */
export function fromBase62(text: string): bigint | undefined {
  let value = 0n;
  for (const char of text) {
    const digit = DIGITS.indexOf(char);
    if (digit < 0) return undefined;
    value = value * 62n + BigInt(digit);
  }
  return value;
}
