/**
 * `eximius check`: everything that can be said about a configuration without running it. What Exim would refuse is an error, what Exim only finds
 * at run time, or never, a warning, what is not built here `not-yet`.
 */
import type { Octets } from '../base/octets.ts';
import type { Config, TemplateCompiler } from '../core/config.ts';
import type { AclFamily } from '../core/define/acl.ts';
import type { RouterDefinition } from '../core/drivers.ts';
import type { Files, Regexes } from '../core/ports.ts';
import type { Problem } from '../core/source.ts';
import { formatLocation } from '../core/source.ts';
import { aclTexts, checkAclNames, checkAclPhases, checkAclTexts } from './check-acls.ts';
import { checkFiles } from './check-files.ts';
import { checkLists, checkMentions, mentionsOf, writtenList } from './check-names.ts';
import { checkRouters } from './check-routers.ts';
import { checkTaint } from './check-taint.ts';
import { checkExpansions, checkInterfaces, checkRegexes, checkTrailingComments, listsOf, templatesOf } from './check-values.ts';
import type { LoadResult } from './load.ts';

export interface CheckParts {
  readonly files: Pick<Files, 'stat'>;
  readonly regexes: Regexes;
  readonly compiler: TemplateCompiler;
  readonly routers: readonly RouterDefinition[];
  readonly acl: AclFamily;
}

/** What a load gave, and all that looking at the configuration finds; after errors at what could be read of it. */
export function checkLoaded(loaded: LoadResult, parts: CheckParts): readonly Problem[] {
  if (loaded.kind === 'ok') return checkConfig(loaded.config, parts);
  const { partial, problems, transportNames, lacksFiles = false } = loaded;
  return partial ? checkConfig({ ...partial, problems }, parts, { transportNames, lacksFiles }) : sortProblems(problems);
}

/** What is known of a configuration that could not be read in full. */
export interface ReadInPart {
  readonly transportNames: ReadonlySet<string> | undefined;
  readonly lacksFiles: boolean;
}

/** The problems that were found while it was read and those found by looking at it, in the order of the files. */
export function checkConfig(config: Config, parts: CheckParts, inPart?: ReadInPart): readonly Problem[] {
  const templates = templatesOf(config, parts.compiler);
  const texts = aclTexts(config, parts.compiler);
  const kinds = new Map(parts.acl.conditions.map(({ name, listKind }) => [name, listKind]));
  const aclLists = texts.flatMap(({ name, template }) => {
    const kind = kinds.get(name);
    return kind === undefined ? [] : [writtenList({ kind, template })];
  });
  const mentions = mentionsOf([...templates, ...texts.map(({ template }) => template)]);
  const names = [
    ...checkAclNames(config),
    ...checkLists([...listsOf(config), ...aclLists], config, parts.regexes),
    ...checkMentions(mentions, config, parts.regexes),
    ...checkRouters(config, parts.routers, inPart?.transportNames ?? new Set(config.transports.keys())),
  ];
  const found = [
    ...config.problems,
    ...checkExpansions(templates),
    ...checkAclTexts(texts),
    ...checkAclPhases(config, texts, parts.acl),
    ...checkInterfaces(config),
    ...checkRegexes(config, parts.compiler, parts.regexes),
    ...(inPart?.lacksFiles ? [] : names),
    ...checkTrailingComments(config),
    ...checkFiles(config, [...templates, ...texts.map(({ template }) => template)], parts.files),
    ...checkTaint(config, mentions),
  ];
  return sortProblems(found);
}

/** By file (in the order in which they first appear), line and column; the same said twice about one place stands once. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map((problem) => problem.at.file))];
  const seen = new Set<string>();
  const unique = problems.filter((problem) => {
    const key = `${formatLocation(problem.at)}:${problem.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return unique.sort((a, b) => files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column);
}

export interface CheckReport {
  /** Without line ends. */
  readonly lines: readonly Octets[];
  /** 1 when something is an error. */
  readonly status: 0 | 1;
}

/** `file:line:column: severity: message`, the suggestion on a line of its own; with `isJson` one object a line. */
export function formatCheck(problems: readonly Problem[], isJson: boolean): CheckReport {
  const status = problems.some((problem) => problem.severity === 'error') ? 1 : 0;
  return { status, lines: problems.flatMap((problem) => (isJson ? jsonLine(problem) : textLines(problem))) };
}

function textLines(problem: Problem): Octets[] {
  const message = problem.message.replaceAll('\n  ', ' ').replaceAll('\n', ' ');
  const line = `${formatLocation(problem.at)}: ${problem.severity}: ${message}`;
  return problem.suggestion === undefined ? [line] : [line, `    ${problem.suggestion}`];
}

function jsonLine({ severity, message, at, subject, suggestion }: Problem): Octets {
  return JSON.stringify({ file: at.file, line: at.line, column: at.column, severity, message, subject, suggestion });
}
