/** The rules of a transport's `headers_rewrite`: a colon-separated list of rules. Spec ch. 24 "Generic options for transports", `headers_rewrite`. */
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { parseRewriteRule, type RewriteRuleText } from '../config/rewrite-rule.ts';
import type { RewriteRule, Template } from '../core/config.ts';
import type { SourceLocation } from '../core/source.ts';

/** Exim's text when the list is malformed or has a flag for envelopes. */
export function transportRulesProblem(list: Octets): string | undefined {
  for (const rule of parseList(list).items.map(parseRewriteRule)) {
    if (rule.kind === 'error') return rule.message;
    if (/[EFTS]/.test(rule.flags)) return 'rewrite rule specifies a non-header rewrite - not allowed at transport time -';
  }
  return undefined;
}

/** The rules of a list without problems. */
export function transportRewriteRules(
  list: Octets,
  at: SourceLocation,
  compile: (text: Octets, what: string) => Template,
): readonly RewriteRule[] {
  return parseList(list)
    .items.map(parseRewriteRule)
    .filter(isRule)
    .map((rule) => ({
      at,
      pattern: rule.pattern,
      flags: rule.flags,
      patternTemplate: compile(rule.pattern, 'pattern of headers_rewrite'),
      replacement: compile(rule.replacement, 'replacement of headers_rewrite'),
    }));
}

function isRule(rule: RewriteRuleText): rule is RewriteRuleText & { readonly kind: 'ok' } {
  return rule.kind === 'ok';
}
