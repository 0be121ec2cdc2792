/** The pattern of a rewriting rule: one item of an address list, which sets `$1`…. Spec ch. 31 "Rewriting patterns". */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { Template } from '../core/config.ts';
import type { Frame } from '../core/frame.ts';
import type { Text } from '../core/text.ts';
import { concatText, sliceText, tainted, untainted } from '../core/text.ts';

/** What `$0`, `$1`… are after a match; undefined when the address does not match (or the pattern is wrong: panic log). */
export async function matchPattern(template: Template, address: Octets, frame: Frame): Promise<readonly Text[] | undefined> {
  const expanded = await template.evaluate(frame);
  if (expanded.kind !== 'ok') {
    const reason = expanded.kind === 'forced-fail' ? 'forced failure' : expanded.message;
    frame.services.log.panic(`failed to expand "${template.source}" while checking a list: ${reason}`);
    return undefined;
  }
  const pattern = expanded.value;
  if (pattern.octets.startsWith('^')) return matchRegex(pattern.octets, address, frame);
  const subject = tainted(address);
  const matched = await frame.services.lists.matchAddress(singleItem(pattern), subject, frame, true);
  if (matched.kind !== 'ok') {
    if (matched.kind !== 'forced-fail') frame.services.log.panic(matched.message);
    return undefined;
  }
  if (!matched.value.matched) return undefined;
  return [subject, ...localPartCaptures(pattern.octets, address), ...(await domainCaptures(pattern, address, frame))];
}

/** The domain in lower case, the local part as it is. */
function matchRegex(pattern: Octets, address: Octets, frame: Frame): readonly Text[] | undefined {
  const compiled = frame.services.regexes.compile(pattern);
  if (compiled.kind === 'error') {
    frame.services.log.panic(`regular expression error in "${pattern}": ${compiled.message} at offset ${compiled.offset}`);
    return undefined;
  }
  const at = address.lastIndexOf('@') + 1;
  const result = compiled.regex.match(address.slice(0, at) + lowerCase(address.slice(at)));
  if (result.kind === 'limit') frame.services.log.panic(result.message);
  if (result.kind !== 'match') return undefined;
  return [tainted(address), ...result.captures.slice(1).map((capture) => tainted(capture ?? ''))];
}

/** What an asterisk at the start of the local part stands for. */
function localPartCaptures(pattern: Octets, address: Octets): readonly Text[] {
  const patternAt = pattern.lastIndexOf('@');
  if (patternAt < 0 || !pattern.startsWith('*')) return [];
  const localPart = address.slice(0, address.lastIndexOf('@'));
  return [tainted(localPart.slice(0, localPart.length - (patternAt - 1)))];
}

/** What an asterisk or a partial lookup in the domain stands for. */
async function domainCaptures(pattern: Text, address: Octets, frame: Frame): Promise<readonly Text[]> {
  const domainPattern = sliceText(pattern, pattern.octets.lastIndexOf('@') + 1);
  if (!/^\*|;/.test(domainPattern.octets) || pattern.octets.startsWith('@@')) return [];
  const domain = tainted(lowerCase(address.slice(address.lastIndexOf('@') + 1)));
  const matched = await frame.services.lists.matchDomain(singleItem(domainPattern), domain, frame);
  return matched.kind === 'ok' ? (matched.value.captures ?? []).slice(1) : [];
}

/** A list of one item, whatever colons it has. */
function singleItem(pattern: Text): Text {
  return concatText([untainted('<\x01 '), pattern]);
}
