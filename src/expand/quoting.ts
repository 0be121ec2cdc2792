/** Double quotes, and the quoting of lookup types. Spec ch. 11 "Expansion operators". */
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { fail, type NotOk } from '../core/outcome.ts';
import { isTainted, type Text, tainted, untainted } from '../core/text.ts';

/** In double quotes, with quotes, backslashes, newlines and returns escaped. */
export function quoteOctets(octets: Octets): Octets {
  return `"${octets.replace(/["\\\n\r]/g, (char) => (char === '\n' ? '\\n' : char === '\r' ? '\\r' : `\\${char}`))}"`;
}

/** `suffix` is the type, with options behind another underscore (`ldap_dn`). What is quoted for a lookup stays tainted, but is marked: only a query of that type may have it. */
export function quoteForLookup(text: Text, suffix: Octets, frame: Frame): Text | NotOk {
  const [type = '', ...options] = suffix.split('_');
  const parsed = frame.services.lookups.parseType(type);
  if (parsed.kind === 'error') return fail(parsed.message);
  const rest = options.join('_');
  if (options.length > 0 && !parsed.type.quoteOptions?.includes(rest)) return fail(`"${rest}" unrecognized after "\${quote_${type}"`);
  const quoted = frame.services.lookups.quote(type, text.octets, options.length > 0 ? rest : undefined) ?? text.octets;
  return isTainted(text) ? tainted(quoted, parsed.type.name) : untainted(quoted);
}
