/** Pieces of scripts that many cases say. */

export const EHLO = 'EHLO client.example\n';
export const MAIL = 'MAIL FROM:<s@s.example>\n';
export const RCPT = 'RCPT TO:<x@a.example>\n';
export const ENVELOPE = `${EHLO}${MAIL}${RCPT}`;
/** A message, behind RCPT. */
export const DATA = '!data\n';
export const MESSAGE = `${ENVELOPE}${DATA}`;
export const QUIT = 'QUIT\n';
export const OPEN = '!open\n';

/** One whole session. */
export function session(text: string, open = OPEN): string {
  return `${open}${text}${text.endsWith('\n') ? '' : '\n'}`;
}

/** Named values of one option, each with the same script. */
export function variants(
  topic: string,
  values: readonly (readonly [options: string, script: string])[],
): { readonly name: string; readonly options: string; readonly script: string }[] {
  const seen = new Map<string, number>();
  return values.map(([options, script]) => {
    const base = `${topic}: ${options.replaceAll('\n', '; ') || 'default'}`;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    return { name: count === 1 ? base : `${base} (${count})`, options, script };
  });
}
