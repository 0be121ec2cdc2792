/** Makes variables: each reads a context. Spec ch. 11 "Expansion variables". */
import type { Octets } from '../base/octets.ts';
import { defineVariable, type VariableDefinition } from '../core/define/variable.ts';
import type { Frame } from '../core/frame.ts';
import { type Text, tainted, untainted } from '../core/text.ts';

type Read = VariableDefinition['read'];

export function variable(name: string, summary: string, read: Read): VariableDefinition {
  return defineVariable({ name, summary, spec: 'ch. 11 "Expansion variables"', read });
}

/** What the configuration or this host decides. */
export function octetsVariable(name: string, summary: string, read: (frame: Frame) => Octets | undefined): VariableDefinition {
  return variable(name, summary, (frame) => local(read(frame)));
}

/** What a remote party chose: tainted. */
export function remoteVariable(name: string, summary: string, read: (frame: Frame) => Octets | undefined): VariableDefinition {
  return variable(name, summary, (frame) => remote(read(frame)));
}

/** A number that is always there, as in Exim: without a context it is `fallback`. */
export function numberVariable(
  name: string,
  summary: string,
  read: (frame: Frame) => number | undefined,
  fallback = 0,
): VariableDefinition {
  return variable(name, summary, (frame) => untainted(String(read(frame) ?? fallback)));
}

/** `1` or `0`. */
export function flagVariable(name: string, summary: string, read: (frame: Frame) => boolean | undefined): VariableDefinition {
  return variable(name, summary, (frame) => (read(frame) === true ? one : zero));
}

/** `yes` or `no`. */
export function yesNoVariable(name: string, summary: string, read: (frame: Frame) => boolean | undefined): VariableDefinition {
  return variable(name, summary, (frame) => (read(frame) === true ? yes : no));
}

/** Set only in a nested scope (a `Local`): what Exim has when it is not set. */
export function nestedVariable(name: string, summary: string, whenUnset?: Octets): VariableDefinition {
  const value = whenUnset === undefined ? undefined : untainted(whenUnset);
  return variable(name, summary, () => value);
}

/** Set by a part that is not built yet: reads as Exim has it when it is not set. */
export function unsetVariable(name: string, summary: string, whenUnset?: Octets): VariableDefinition {
  return { ...nestedVariable(name, summary, whenUnset), isNotYet: true };
}

export function local(octets: Octets | undefined): Text | undefined {
  return octets === undefined ? undefined : untainted(octets);
}

export function remote(octets: Octets | undefined): Text | undefined {
  return octets === undefined ? undefined : tainted(octets);
}

const one = untainted('1');
const zero = untainted('0');
const yes = untainted('yes');
const no = untainted('no');
