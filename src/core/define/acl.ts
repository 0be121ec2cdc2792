/** ACL conditions, modifiers and controls: one file each in acl/conditions, acl/modifiers, acl/controls. Spec ch. 44 "Access control lists". */
import type { Octets } from '../../base/octets.ts';
import type { ListKind, Template } from '../config.ts';
import type { Frame, Judged } from '../frame.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Outcome } from '../outcome.ts';
import type { AclVerdict, SenderVerifyFailure } from '../ports.ts';
import type { SourceLocation } from '../source.ts';
import type { Text } from '../text.ts';

/** When an ACL runs. The names are Exim's own in messages: `cannot test X in Y ACL`. */
export type AclPhase =
  | 'connect'
  | 'helo'
  | 'mail'
  | 'auth'
  | 'starttls'
  | 'rcpt'
  | 'predata'
  | 'data'
  | 'mime'
  | 'dkim'
  | 'prdr'
  | 'quit'
  | 'notquit'
  | 'vrfy'
  | 'expn'
  | 'etrn'
  | 'mailauth'
  | 'not_smtp'
  | 'not_smtp_start'
  | 'not_smtp_mime'
  | 'atrn'
  | 'wellknown'
  | 'delivery'
  | 'unknown';

/** As messages have them: `cannot test … condition in X ACL`. */
export const ACL_PHASE_NAMES: Readonly<Record<AclPhase, string>> = {
  connect: 'connection',
  helo: 'EHLO or HELO',
  mail: 'MAIL',
  auth: 'AUTH',
  starttls: 'STARTTLS',
  rcpt: 'RCPT',
  predata: 'PREDATA',
  data: 'DATA',
  mime: 'MIME',
  dkim: 'DKIM',
  prdr: 'PRDR',
  quit: 'QUIT',
  notquit: 'NOTQUIT',
  vrfy: 'VRFY',
  expn: 'EXPN',
  etrn: 'ETRN',
  mailauth: 'MAILAUTH',
  not_smtp: 'non-SMTP',
  not_smtp_start: 'non-SMTP-start',
  not_smtp_mime: 'non-SMTP MIME',
  atrn: 'ATRN',
  wellknown: 'WELLKNOWN',
  delivery: 'delivery',
  unknown: 'unknown',
};

export interface AclContext {
  readonly phase: AclPhase;
  /** Captures of earlier conditions of the statement and `$acl_arg1`… are in it. */
  readonly frame: Frame;
  readonly statement: AclStatementState;
  readonly acl: AclRunState;
}

/** What lasts for one run of an ACL, nested ACLs included. */
export interface AclRunState {
  /** The sender that was last found bad, in whichever statement: a later refusal tells it. Nested ACLs share it. */
  readonly senderVerify: { failure?: SenderVerifyFailure | undefined };
  /** Nesting depth of the ACL that is running, from 0. */
  readonly depth: number;
  /** Runs another ACL (`acl = …`) in the same state. */
  readonly callAcl: (text: Text, args: readonly Text[], frame: Frame) => MaybePromise<AclRunResult>;
  readonly findControl: (name: Octets) => AclControlDefinition | undefined;
}

/** How an ACL ended, before the messages were made into replies. */
export type AclRunResult = AclVerdict & { readonly userText?: Octets | undefined; readonly logText?: Octets | undefined };

/** What a statement's modifiers have set so far; one record per statement that runs. */
export interface AclStatementState {
  readonly verb: string;
  message?: Template | undefined;
  logMessage?: Template | undefined;
  /** Texts of the last `verify`, `dnslists`… that failed, for when there is no `message`. */
  userText?: Octets | undefined;
  logText?: Octets | undefined;
  endpassSeen: boolean;
  senderVerify?: SenderVerifyFailure | undefined;
  /** A nested ACL ended with `drop`: a denial by this statement drops the connection too. */
  nestedDrop?: boolean;
  /** A nested ACL ended with `discard`, which this `accept` or `discard` statement carries out at once. */
  nestedDiscard?: boolean;
}

interface AclItemBase {
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  /** Phases in which it may be used; 'all' for everywhere. */
  readonly permittedIn: readonly AclPhase[] | 'all';
  /** Declared but not built: a statement that meets it defers with a panic-log line. */
  readonly isNotYet?: boolean;
  /** It can tell where nothing of what is not built would be asked: `test` runs, and says itself what is missing. */
  readonly isPartlyBuilt?: boolean;
  /** What is wrong with an argument in which nothing is expanded; found when it is used, and by `check` before. */
  readonly problemOf?: (argument: Octets, family: AclFamily) => AclArgumentProblem | undefined;
  /** The argument is a list of this kind. */
  readonly listKind?: ListKind;
}

export interface AclArgumentProblem {
  readonly message: string;
  readonly severity?: 'warning' | 'not-yet';
  /** The wrong word and those it may be. */
  readonly word?: string;
  readonly known?: readonly string[];
}

/** A condition: the argument is compiled once (at load), `test` runs for each use. */
export interface AclConditionDefinition extends AclItemBase {
  readonly family: 'acl-condition';
  /** The argument is expanded before `test` sees it; lists expand it themselves. */
  readonly isExpanded: boolean;
  readonly prepare: (argument: AclArgument) => PreparedCondition;
}

export interface AclArgument {
  readonly source: Octets;
  readonly at: SourceLocation;
  readonly template: Template;
  /** `acl_m_x` of `set acl_m_x = …`. */
  readonly variable?: string | undefined;
}

export interface PreparedCondition {
  /** `argument` is the expanded text when the definition says so, else the source. */
  test(argument: Text, context: AclContext): MaybePromise<Outcome<Judged>>;
  readonly problems?: readonly string[];
}

/** A modifier acts when it is reached. */
export interface AclModifierDefinition extends AclItemBase {
  readonly family: 'acl-modifier';
  readonly isExpanded: boolean;
  /** No `= argument`: `endpass`. */
  readonly takesNoArgument?: boolean;
  /** Verbs it may be used with; absent: all. */
  readonly verbs?: readonly string[];
  readonly apply: (argument: Text, context: AclContext, source: AclArgument) => MaybePromise<Outcome<void>>;
}

export interface AclControlDefinition extends AclItemBase {
  readonly family: 'acl-control';
  readonly aliases?: readonly string[];
  /** May be followed by `/options` or `=value`. */
  readonly takesOptions: boolean;
  /** `text`: the options with what of them a remote party chose. */
  readonly apply: (options: Octets, context: AclContext, text: Text) => Outcome<void>;
}

export interface AclFamily {
  readonly conditions: readonly AclConditionDefinition[];
  readonly modifiers: readonly AclModifierDefinition[];
  readonly controls: readonly AclControlDefinition[];
}

export function defineAclCondition(definition: Omit<AclConditionDefinition, 'family'>): AclConditionDefinition {
  return { family: 'acl-condition', ...definition };
}

export function defineAclModifier(definition: Omit<AclModifierDefinition, 'family'>): AclModifierDefinition {
  return { family: 'acl-modifier', ...definition };
}

export function defineAclControl(definition: Omit<AclControlDefinition, 'family'>): AclControlDefinition {
  return { family: 'acl-control', ...definition };
}
