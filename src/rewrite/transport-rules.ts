/** The rules of a transport's `headers_rewrite`: a colon-separated list of rules. Spec ch. 24 "Generic options for transports", `headers_rewrite`. */
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { parseRewriteRule } from '../config/rewrite-rule.ts';
import type { RewriteRule, Template } from '../core/config.ts';
import type { SourceLocation } from '../core/source.ts';

export type TransportRules =
  | { readonly kind: 'ok'; readonly rules: readonly RewriteRule[] }
  | { readonly kind: 'error'; readonly message: Octets };

/** Exim's text when a rule is malformed or has a flag for envelopes. */
export function transportRewriteRules(list: Octets, at: SourceLocation, compile: (text: Octets, what: string) => Template): TransportRules {
  const rules: RewriteRule[] = [];
  for (const text of parseList(list).items) {
    const rule = parseRewriteRule(text);
    if (rule.kind === 'error') return { kind: 'error', message: rule.message };
    if (/[EFTS]/.test(rule.flags))
      return { kind: 'error', message: 'rewrite rule specifies a non-header rewrite - not allowed at transport time -' };
    rules.push({
      at,
      pattern: rule.pattern,
      flags: rule.flags,
      patternTemplate: compile(rule.pattern, 'pattern of headers_rewrite'),
      replacement: compile(rule.replacement, 'replacement of headers_rewrite'),
    });
  }
  return { kind: 'ok', rules };
}
