/** Checks of ACLs: names that do not exist, expansions of their lines, quotes that clients will see. */
import { skipSpace } from '../base/octets.ts';
import type { AclLine, Config, Template, TemplateCompiler } from '../core/config.ts';
import {
  ACL_PHASE_NAMES,
  type AclConditionDefinition,
  type AclFamily,
  type AclModifierDefinition,
  type AclPhase,
} from '../core/define/acl.ts';
import { advance, type Problem, type SourceLocation } from '../core/source.ts';
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
  /** The ACL it stands in. */
  readonly acl: string;
  readonly name: string;
  readonly wordAt: SourceLocation;
  readonly template: Template;
}

/** Of all ACLs of the configuration. */
export function aclTexts(config: Config, compiler: TemplateCompiler): readonly AclText[] {
  return [...config.acls.values()].flatMap(({ name: acl, lines }) =>
    lines.flatMap((line): AclText[] => {
      const match = ITEM.exec(line.text);
      if (!match) return [];
      const name = match[1] ?? '';
      const from = skipSpace(line.text, match[0].length);
      const wordAt = advance(line.at, match[0].indexOf(name));
      return [{ acl, name, wordAt, template: compiler.template(line.text.slice(from), advance(line.at, from), `"${name}" in an ACL`) }];
    }),
  );
}

/** Conditions and modifiers that cannot be used in any of the phases in which their ACL runs: Exim finds it when it runs. */
export function checkAclPhases(config: Config, texts: readonly AclText[], family: AclFamily): readonly Problem[] {
  const phases = phasesOf(config, texts);
  const definitions = new Map<string, AclConditionDefinition | AclModifierDefinition>(
    [...family.conditions, ...family.modifiers].map((definition) => [definition.name, definition]),
  );
  return texts.flatMap(({ acl, name, wordAt }): Problem[] => {
    const used = [...(phases.get(acl) ?? [])];
    const definition = definitions.get(name);
    const permitted = definition?.permittedIn ?? 'all';
    const [phase] = used;
    if (!definition || phase === undefined || permitted === 'all' || used.some((each) => permitted.includes(each))) return [];
    const verb = definition.family === 'acl-condition' ? 'test' : 'use';
    const message = `cannot ${verb} ${name} condition in ${ACL_PHASE_NAMES[phase]} ACL`;
    const suggestion = `it may be used in ACLs for ${permitted.map((each) => ACL_PHASE_NAMES[each]).join(', ')}`;
    return [{ severity: 'warning', message, at: wordAt, subject: name, suggestion }];
  });
}

/** When each ACL runs: by the options that name it, and by the ACLs that call it. */
function phasesOf(config: Config, texts: readonly AclText[]): ReadonlyMap<string, ReadonlySet<AclPhase>> {
  const phases = new Map<string, Set<AclPhase>>();
  const add = (acl: string, phase: AclPhase): void => {
    const known = phases.get(acl) ?? new Set();
    if (!config.acls.has(acl) || known.has(phase)) return;
    phases.set(acl, known.add(phase));
    for (const { acl: caller, name, template } of texts) {
      if (caller === acl && name === 'acl') add(/^[A-Za-z0-9_]*/.exec(template.source)?.[0] ?? '', phase);
    }
  };
  for (const [option, { raw }] of config.mainSettings) {
    const phase = PHASE_OF_OPTION.get(option);
    if (phase !== undefined) add(raw, phase);
  }
  return phases;
}

const PHASE_OF_OPTION: ReadonlyMap<string, AclPhase> = new Map([
  ['acl_smtp_data_prdr', 'prdr'],
  ...(Object.keys(ACL_PHASE_NAMES) as AclPhase[]).flatMap((phase): [string, AclPhase][] => [
    [`acl_smtp_${phase}`, phase],
    [`acl_${phase}`, phase],
  ]),
]);

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
