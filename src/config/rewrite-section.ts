/** The section rewrite. Spec ch. 31 "Address rewriting". */
import type { RewriteRule, TemplateCompiler } from '../core/config.ts';
import type { LogicalLine } from './lines.ts';
import type { Problems } from './problems.ts';
import { parseRewriteRule } from './rewrite-rule.ts';

export function readRewriteRule(line: LogicalLine, compiler: TemplateCompiler, problems: Problems): RewriteRule | undefined {
  const rule = parseRewriteRule(line.text);
  if (rule.kind === 'error') {
    problems.error(rule.message, line.locate(rule.offset), { suggestion: rule.suggestion });
    return undefined;
  }
  return {
    at: line.at,
    pattern: rule.pattern,
    patternTemplate: compiler.template(rule.pattern, line.at, 'pattern of a rewrite rule'),
    replacement: compiler.template(rule.replacement, line.locate(rule.replacementFrom), 'replacement of a rewrite rule'),
    flags: rule.flags,
  };
}
