/**
 * ACL text to statements, once at load (or when an inline ACL or ACL file first runs). The argument of every condition and modifier becomes a
 * Template. Spec ch. 44 "Format of an ACL".
 */

import { didYouMean } from '../base/nearest-name.ts';
import type { Octets } from '../base/octets.ts';
import { skipSpace, trimEnd, trimStart } from '../base/octets.ts';
import type {
  AclArgument,
  AclConditionDefinition,
  AclFamily,
  AclLine,
  AclModifierDefinition,
  PreparedCondition,
  Problem,
  SourceLocation,
  TemplateCompiler,
} from '../core/index.ts';
import { advance } from '../core/index.ts';

export type AclVerb = 'accept' | 'defer' | 'deny' | 'discard' | 'drop' | 'require' | 'warn';

export interface AclStatement {
  readonly verb: AclVerb;
  readonly at: SourceLocation;
  readonly items: readonly AclItem[];
}

export type AclItem =
  | {
      readonly kind: 'condition';
      readonly definition: AclConditionDefinition;
      readonly isNegated: boolean;
      readonly argument: AclArgument;
      readonly prepared: PreparedCondition;
    }
  | { readonly kind: 'modifier'; readonly definition: AclModifierDefinition; readonly argument: AclArgument };

export interface ParsedAcl {
  readonly name: string;
  readonly statements: readonly AclStatement[];
  /** Exim stops at the first error; the ACL fails with its text when it is run from a string or file. */
  readonly problems: readonly Problem[];
}

/** What is wrong with a line, in Exim's words, and where in it. */
interface Fault {
  readonly message: Octets;
  readonly offset: number;
}

const VERBS: ReadonlyMap<string, AclVerb> = new Map(
  (['accept', 'defer', 'deny', 'discard', 'drop', 'require', 'warn'] as const).map((verb) => [verb, verb]),
);

/** Definitions by name, made once for a family. */
export interface AclVocabulary {
  readonly conditions: ReadonlyMap<string, AclConditionDefinition>;
  readonly modifiers: ReadonlyMap<string, AclModifierDefinition>;
}

export function makeVocabulary(family: AclFamily): AclVocabulary {
  return {
    conditions: new Map(family.conditions.map((definition) => [definition.name, definition])),
    modifiers: new Map(family.modifiers.map((definition) => [definition.name, definition])),
  };
}

/** Logical lines of an inline ACL or an ACL file: comments, blank lines and continuations are dealt with here. */
export function splitAclText(text: Octets, file: string): readonly AclLine[] {
  const lines: AclLine[] = [];
  let pending = '';
  let pendingLine = 0;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = trimEnd(raw);
    const start = skipSpace(raw, 0);
    if (line[start] === '#') continue;
    if (pending === '') {
      if (start === raw.length) continue;
      pendingLine = index + 1;
    }
    if (line.endsWith('\\')) {
      pending += line.slice(pending === '' ? 0 : start, -1);
      continue;
    }
    // white space at the end belongs to the last argument, as in Exim
    lines.push({ text: pending + raw.slice(pending === '' ? 0 : start), at: { file, line: pendingLine, column: 1 } });
    pending = '';
  }
  if (pending !== '') lines.push({ text: pending, at: { file, line: pendingLine, column: 1 } });
  return lines;
}

export function parseAcl(name: string, lines: readonly AclLine[], vocabulary: AclVocabulary, compiler: TemplateCompiler): ParsedAcl {
  const problems: Problem[] = [];
  const statements: { verb: AclVerb; at: SourceLocation; items: AclItem[] }[] = [];
  for (const line of lines) {
    const text = trimStart(line.text);
    if (text === '') continue;
    const fault = parseLine(text, line.at);
    if (fault !== undefined) {
      const { message, offset } = fault;
      problems.push({
        severity: 'error',
        message: `error in ACL: ${message}`,
        at: advance(line.at, offset),
        ...suggestionFor(message, vocabulary),
      });
    }
  }
  return { name, statements, problems };

  function parseLine(text: Octets, at: SourceLocation): Fault | undefined {
    const word = /^[A-Za-z0-9_]*/.exec(text)?.[0] ?? '';
    const verb = VERBS.get(word);
    const next = skipSpace(text, word.length);
    const isVerb = verb !== undefined && text[next] !== '=' && text[word.length] !== ':';
    if (isVerb) {
      statements.push({ verb, at, items: [] });
      return next === text.length ? undefined : parseItem(text, next, at);
    }
    if (statements.length === 0) return { message: `unknown ACL verb "${word}" in "${text}"`, offset: 0 };
    return parseItem(text, 0, at);
  }

  function parseItem(line: Octets, from: number, at: SourceLocation): Fault | undefined {
    const statement = statements.at(-1);
    if (statement === undefined) return { message: `unknown ACL verb in "${line}"`, offset: from };
    let start = from;
    const isNegated = line[start] === '!';
    if (isNegated) start = skipSpace(line, start + 1);
    const word = /^[A-Za-z0-9_]*/.exec(line.slice(start))?.[0] ?? '';
    const condition = vocabulary.conditions.get(word);
    const modifier = condition ? undefined : vocabulary.modifiers.get(word);
    const bad = (message: Octets): Fault => ({ message, offset: start });
    if (!condition && !modifier) return bad(`unknown ACL condition/modifier in "${line}"`);
    if (modifier && isNegated) return bad(`ACL error: negation is not allowed with "${word}"`);
    if (modifier?.verbs && !modifier.verbs.includes(statement.verb))
      return bad(`ACL error: "${word}" is not allowed with "${statement.verb}"`);
    let rest = skipSpace(line, start + word.length);
    let variable: string | undefined;
    if (word === 'set') {
      const parsed = parseVariable(line, rest);
      if (typeof parsed === 'string') return bad(parsed);
      variable = parsed.name;
      rest = skipSpace(line, parsed.end);
    }
    if (!modifier?.takesNoArgument) {
      if (line[rest] !== '=') return bad(`"=" missing after ACL "${word}" ${condition ? 'condition' : 'modifier'}`);
      rest = skipSpace(line, rest + 1);
    }
    const source = line.slice(rest);
    const argument: AclArgument = {
      source,
      at,
      variable,
      template: compiler.template(source, advance(at, rest), `argument of "${word}" in ACL "${name}"`),
    };
    if (condition)
      statement.items.push({ kind: 'condition', definition: condition, isNegated, argument, prepared: condition.prepare(argument) });
    else if (modifier) statement.items.push({ kind: 'modifier', definition: modifier, argument });
    return undefined;
  }
}

function parseVariable(line: Octets, from: number): { readonly name: string; readonly end: number } | Octets {
  const rest = line.slice(from);
  const bad = (why: string) => `invalid variable name after "set" in ACL modifier "set ${rest}" (${why})`;
  if (rest.startsWith('acl_c') || rest.startsWith('acl_m')) {
    const word = /^[A-Za-z0-9_]+/.exec(rest)?.[0] ?? '';
    if (!/^[0-9_]/.test(word.slice(5))) return bad('digit or underscore must follow acl_c or acl_m');
    const after = rest[word.length];
    if (after !== undefined && after !== ' ' && after !== '\t' && after !== '=')
      return `invalid character "${after}" in variable name in ACL modifier "set ${rest}"`;
    return { name: word, end: from + word.length };
  }
  const dkim = /^dkim_verify_(?:status|reason)(?=[ \t=]|$)/.exec(rest)?.[0];
  return dkim === undefined ? bad('must start "acl_c" or "acl_m"') : { name: dkim, end: from + dkim.length };
}

function suggestionFor(fault: Octets, vocabulary: AclVocabulary): { suggestion?: string } {
  const text = /(?:in|verb) "([^"]*)/.exec(fault)?.[1];
  const variable = /"set acl_([cm])([a-z][A-Za-z0-9_]*)[^"]*" \(digit or underscore/.exec(fault);
  if (variable) return { suggestion: `write acl_${variable[1]}_${variable[2]}` };
  if (text === undefined || !fault.startsWith('unknown')) return {};
  const words = text.split(/[ \t=!]+/).filter((word) => word !== '');
  const names = [...VERBS.keys(), ...vocabulary.conditions.keys(), ...vocabulary.modifiers.keys()];
  for (const word of words) {
    if (names.includes(word)) continue;
    const suggestion = didYouMean(word, names);
    if (suggestion !== undefined) return { suggestion };
  }
  return {};
}
