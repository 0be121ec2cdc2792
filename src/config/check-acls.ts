/** Checks of ACLs: names that do not exist, expansions of their lines, quotes that clients will see. */
import { skipSpace } from '../base/octets.ts';
import type { AclLine, Config, Template, TemplateCompiler } from '../core/config.ts';
import { advance, type Problem } from '../core/source.ts';
import { missingAcl } from './check-names.ts';

/** `acl_…` options and `acl =` conditions that name an ACL which is not there. */
export function checkAclNames(config: Config): readonly Problem[] {
  const options = [...config.mainSettings].flatMap(([name, setting]) => {
    if (!/^acl_(?:smtp|not_smtp)/.test(name)) return [];
    return missingAcl(setting.raw, config).map((problem) => ({ ...problem, at: setting.at, subject: name }));
  });
  const conditions = linesOf(config).flatMap((line) => {
    const match = /^(?:[a-z]+[ \t]+)?!?[ \t]*acl[ \t]*=[ \t]*/.exec(line.text);
    return match
      ? missingAcl(line.text.slice(match[0].length), config).map((problem) => ({
          ...problem,
          at: advance(line.at, match[0].length),
        }))
      : [];
  });
  return [...options, ...conditions];
}

function linesOf(config: Config): readonly AclLine[] {
  return [...config.acls.values()].flatMap((acl) => acl.lines);
}

const ITEM = /^(?:(?:accept|defer|deny|discard|drop|require|warn)[ \t]+)?!?[ \t]*([a-z_]+)[ \t]*(?:[a-z][A-Za-z0-9_]*[ \t]*)?=[ \t]*/;

/** A condition or modifier with its value. */
export interface AclText {
  readonly name: string;
  readonly template: Template;
}

/** Of all ACLs of the configuration. */
export function aclTexts(config: Config, compiler: TemplateCompiler): readonly AclText[] {
  return linesOf(config).flatMap((line): AclText[] => {
    const match = ITEM.exec(line.text);
    if (!match) return [];
    const from = skipSpace(line.text, match[0].length);
    return [
      { name: match[1] ?? '', template: compiler.template(line.text.slice(from), advance(line.at, from), `"${match[1]}" in an ACL`) },
    ];
  });
}

/** Expansions of conditions and modifiers, and quotes round a message. */
export function checkAclTexts(texts: readonly AclText[]): readonly Problem[] {
  return texts.flatMap(({ name, template }) => {
    const { source, at } = template;
    const quoted = (name === 'message' || name === 'log_message') && /^".*"$/s.test(source);
    const found: Problem[] = quoted
      ? [
          {
            severity: 'warning',
            message: `the quotes are part of the ${name}`,
            at,
            subject: name,
            suggestion: `write: ${name} = ${source.slice(1, -1)}`,
          },
        ]
      : [];
    return source.includes('$') ? [...found, ...template.problems()] : found;
  });
}
