/** Checks of ACLs: names that do not exist, expansions of their lines, quotes that clients will see. */
import type { Octets } from '../base/octets.ts';
import { skipSpace } from '../base/octets.ts';
import type { AclLine, Config, TemplateCompiler } from '../core/config.ts';
import type { Problem } from '../core/source.ts';
import { didYouMean } from './suggest.ts';

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
          at: { ...line.at, column: line.at.column + match[0].length },
        }))
      : [];
  });
  return [...options, ...conditions];
}

/** A single word that is no verb can only be a name; everything else is expanded, a file or an ACL itself. */
function missingAcl(text: Octets, config: Config): Omit<Problem, 'at'>[] {
  const name = /^[A-Za-z][A-Za-z0-9_]*(?=$|[ \t])/.exec(text)?.[0];
  if (name === undefined || /^(?:accept|defer|deny|discard|drop|require|warn)$/.test(name) || config.acls.has(name)) return [];
  if (text.length > name.length && /[\n=]/.test(text)) return [];
  const suggestion = didYouMean(name, config.acls.keys());
  return [{ severity: 'warning', message: `there is no ACL called "${name}"`, ...(suggestion === undefined ? {} : { suggestion }) }];
}

function linesOf(config: Config): readonly AclLine[] {
  return [...config.acls.values()].flatMap((acl) => acl.lines);
}

const ITEM = /^(?:(?:accept|defer|deny|discard|drop|require|warn)[ \t]+)?!?[ \t]*([a-z_]+)[ \t]*(?:[a-z][A-Za-z0-9_]*[ \t]*)?=[ \t]*/;

/** Expansions of conditions and modifiers, and quotes round a message. */
export function checkAclLines(config: Config, compiler: TemplateCompiler): readonly Problem[] {
  return linesOf(config).flatMap((line) => {
    const match = ITEM.exec(line.text);
    if (!match) return [];
    const from = skipSpace(line.text, match[0].length);
    const at = { ...line.at, column: line.at.column + from };
    const value = line.text.slice(from);
    const name = match[1] ?? '';
    const quoted = (name === 'message' || name === 'log_message') && /^".*"$/s.test(value);
    const found: Problem[] = quoted
      ? [
          {
            severity: 'warning',
            message: `the quotes are part of the ${name}`,
            at,
            subject: name,
            suggestion: `write: ${name} = ${value.slice(1, -1)}`,
          },
        ]
      : [];
    return value.includes('$') ? [...found, ...compiler.template(value, at, `"${name}" in an ACL`).problems()] : found;
  });
}
