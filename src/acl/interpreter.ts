/** Runs parsed ACLs: the seven verbs, conditions from left to right, messages. Spec ch. 44 "ACL verbs", "ACL modifiers". */

import { assertNever } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import type {
  AclContext,
  AclPhase,
  AclRunResult,
  AclRunState,
  Frame,
  MaybePromise,
  Outcome,
  SourceLocation,
  Template,
  Text,
} from '../core/index.ts';
import { chain, chainEach, ok, untainted, withCaptures } from '../core/index.ts';
import { addHeaders } from './added-headers.ts';
import type { AclItem, AclStatement, AclVerb, ParsedAcl } from './parse.ts';
import { MESSAGE_PHASES, phaseName } from './phases.ts';

/** What the conditions of one statement came to. */
type Tested = { readonly kind: 'true' | 'false' } | { readonly kind: 'defer' | 'error'; readonly message: Octets };

const INLINE = 'inline ACL';

/** Runs the statements until one decides; no decision is an implicit deny. */
export function runAcl(acl: ParsedAcl, phase: AclPhase, frame: Frame, run: AclRunState): MaybePromise<AclRunResult> {
  const problem = acl.problems[0];
  if (problem) return { kind: 'error', logMessage: problem.message.replace(/^error in ACL: /, '') };
  const indent = ' '.repeat(run.depth);
  const trace = (text: () => string) => frame.services.log.debug('acl', () => indent + text());
  const label = acl.name === '' ? INLINE : `ACL ${acl.name}`;
  if (acl.name !== '' && acl.statements.length > 0) trace(() => `using ACL "${acl.name}"`);
  let last: AclContext | undefined;
  const decided = chainEach(acl.statements, (statement) => {
    const context: AclContext = { phase, frame, statement: { verb: statement.verb, endpassSeen: false }, acl: run };
    last = context;
    return runStatement(statement, label, context, trace);
  });
  return chain(decided, (result) => {
    if (result !== undefined) return result;
    if (label === INLINE || acl.statements.length > 0) trace(() => `end of ${label}: implicit DENY`);
    return last === undefined ? { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } : implicitlyDenied(last);
  });
}

/** What the last statement's condition said is what the peer and the log are told; of `accept` and `discard` also its `message`. */
function implicitlyDenied(context: AclContext): MaybePromise<AclRunResult> {
  const { statement } = context;
  if (statement.verb !== 'accept' && statement.verb !== 'discard') {
    statement.message = undefined;
    statement.logMessage = undefined;
  }
  return denied(context, false);
}

function runStatement(
  statement: AclStatement,
  label: string,
  begun: AclContext,
  trace: (text: () => string) => void,
): MaybePromise<AclRunResult | undefined> {
  trace(
    () =>
      `processing ${label} "${statement.verb}"${label === INLINE ? '' : ` (${statement.at.file} ${statement.at.endLine ?? statement.at.line})`}`,
  );
  const tested = testItems(statement, begun);
  return chain(tested, ({ outcome, last }) => {
    const word = outcome.kind === 'false' && begun.statement.nestedDrop ? 'yielded "drop"' : TESTED_WORDS[outcome.kind];
    trace(() => `${statement.verb}: condition test ${word} in ${label}`);
    return decide(statement, outcome, { ...begun, frame: last }, label, trace);
  });
}

const TESTED_WORDS: Readonly<Record<Tested['kind'], string>> = { true: 'succeeded', false: 'failed', defer: 'deferred', error: 'error' };

/** Conditions and modifiers in order until one is not true. `last` has the captures that were made. */
function testItems(statement: AclStatement, begun: AclContext): MaybePromise<{ readonly outcome: Tested; readonly last: Frame }> {
  let last = begun.frame;
  const stopped = chainEach<AclItem, Tested>(statement.items, (item) => {
    const context: AclContext = { ...begun, frame: last };
    return chain(expandArgument(item, context), (expanded) => {
      if (expanded.kind === 'forced-fail') return undefined; // the item is ignored
      if (expanded.kind !== 'ok') return unfitness(expanded);
      const refused = permission(item, begun.phase) ?? notBuilt(item, context);
      if (refused !== undefined) return refused;
      if (item.kind === 'modifier')
        return chain(item.definition.apply(expanded.value, context, item.argument), (outcome) =>
          outcome.kind === 'ok' || outcome.kind === 'forced-fail' ? undefined : unfitness(outcome),
        );
      return chain(item.prepared.test(expanded.value, context), (outcome) => {
        if (outcome.kind === 'forced-fail') return undefined;
        if (outcome.kind !== 'ok') return unfitness(outcome);
        if (outcome.value.captures) last = withCaptures(last, outcome.value.captures);
        if (item.isNegated) begun.statement.nestedDrop = false;
        return outcome.value.value === item.isNegated ? { kind: 'false' } : undefined;
      });
    });
  });
  return chain(stopped, (outcome) => ({ outcome: outcome ?? { kind: 'true' }, last }));
}

/** Permanent failures are errors, which end the ACL. */
function unfitness({ kind, message }: { readonly kind: 'fail' | 'defer'; readonly message: Octets }): Tested {
  return { kind: kind === 'fail' ? 'error' : 'defer', message };
}

const MESSAGE_WORDS: ReadonlyMap<string, string> = new Map([
  ['message', '  message'],
  ['log_message', 'l_message'],
]);

function permission(item: AclItem, phase: AclPhase): Tested | undefined {
  const { permittedIn, name } = item.definition;
  if (permittedIn === 'all' || permittedIn.includes(phase)) return undefined;
  return { kind: 'error', message: `cannot ${item.kind === 'condition' ? 'test' : 'use'} ${name} condition in ${phaseName(phase)} ACL` };
}

function notBuilt({ kind, definition }: AclItem, { frame, statement }: AclContext): Tested | undefined {
  if (!definition.isNotYet || definition.isPartlyBuilt) return undefined;
  const message = `ACL ${kind} "${definition.name}" is not built yet`;
  frame.services.log.panic(message);
  // A `warn` that defers is skipped: as if what it asks for were false.
  return { kind: statement.verb === 'warn' ? 'error' : 'defer', message };
}

function expandArgument(item: AclItem, context: AclContext): MaybePromise<Outcome<Text>> {
  if (!item.definition.isExpanded) {
    traceItem(item, context);
    return ok(untainted(item.argument.source));
  }
  return chain(item.argument.template.evaluate(context.frame), (outcome) => {
    if (outcome.kind === 'ok') {
      traceItem(item, context, outcome.value.octets);
      return outcome;
    }
    if (outcome.kind === 'forced-fail') return outcome;
    // A lookup that defers is a deferred condition, which `warn` passes over; anything else ends the ACL.
    return { kind: outcome.kind, message: `failed to expand ACL string "${item.argument.source}": ${outcome.message}` };
  });
}

/** What is about to be tested or done, and its argument, when it is expanded: what cannot be expanded is not told. */
function traceItem({ definition, argument, ...item }: AclItem, { frame, acl }: AclContext, expanded = argument.source): void {
  const { name } = definition;
  if (name === 'endpass') return;
  const indent = ' '.repeat(acl.depth);
  frame.services.log.debug('acl', () => {
    const messageWord = MESSAGE_WORDS.get(name);
    if (messageWord !== undefined) return `${indent}${messageWord}: ${argument.source}`;
    const negation = item.kind === 'condition' && item.isNegated ? '!' : '';
    const head = `${indent}check ${negation}${name}${argument.variable === undefined ? '' : ` ${argument.variable}`} = `;
    return expanded === argument.source ? head + expanded : `${head}${argument.source}\n${'= '.padStart(head.length)}${expanded}`;
  });
}

/** What follows from the verb; undefined goes on with the next statement. */
function decide(
  { verb, at }: AclStatement,
  tested: Tested,
  context: AclContext,
  label: string,
  trace: (text: () => string) => void,
): MaybePromise<AclRunResult | undefined> {
  const ended = (word: string) => trace(() => `end of ${label}: ${word}`);
  if (tested.kind === 'defer' || tested.kind === 'error') {
    if (verb === 'warn') {
      if (tested.kind === 'error') return { kind: 'error', logMessage: tested.message };
      warnSkipped(context, label, at, tested.message);
      return undefined;
    }
    if (tested.kind === 'error') return { kind: 'error', logMessage: tested.message };
    // The condition's own texts count; `message` is for what the verb decides.
    context.statement.message = undefined;
    context.statement.logMessage = undefined;
    return withMessages(context, tested.message, (message, logMessage) => ({
      kind: 'defer',
      message,
      logMessage,
      senderVerify: context.acl.senderVerify.failure,
    }));
  }
  if (context.statement.nestedDiscard) {
    ended('DISCARD');
    return { kind: 'discard', message: context.statement.userText, logMessage: context.statement.logText };
  }
  const isTrue = tested.kind === 'true';
  const unfit = unfitVerb(verb, isTrue, context);
  if (unfit !== undefined) return unfit;
  switch (verb) {
    case 'accept':
    case 'discard':
      if (isTrue) {
        ended(verb === 'accept' ? 'ACCEPT' : 'DISCARD');
        return accepted(verb, context);
      }
      if (!context.statement.endpassSeen) return undefined;
      trace(() => `${verb}: endpass encountered - denying access`);
      return denied(context, false);
    case 'deny':
    case 'drop':
      if (!isTrue) return undefined;
      ended(verb === 'deny' ? 'DENY' : 'DROP');
      return denied(context, verb === 'drop');
    case 'defer':
      if (!isTrue) return undefined;
      ended('DEFER');
      return withMessages(context, undefined, (message, logMessage) => ({ kind: 'defer', message, logMessage }));
    case 'require':
      if (isTrue) return undefined;
      ended('not OK');
      return denied(context, false);
    case 'warn':
      return isTrue ? warn(context) : undefined;
    default:
      return assertNever(verb);
  }
}

/** Where nothing can be refused any more, and where nothing can be thrown away. */
function unfitVerb(verb: AclVerb, isTrue: boolean, context: AclContext): MaybePromise<AclRunResult> | undefined {
  const { phase, acl, statement, frame } = context;
  const decides = verb === 'require' || verb === 'accept' ? !isTrue && (verb === 'require' || statement.endpassSeen) : isTrue;
  if (acl.depth > 0 || verb === 'warn' || !decides) return undefined;
  if (phase === 'quit' || phase === 'notquit') {
    const logMessage = `QUIT or not-QUIT toplevel ACL may not fail ('${verb}' verb used incorrectly)`;
    return chain(expandMessage(statement.message, context), (message) => ({ kind: 'error', logMessage, message }));
  }
  const isMisused = verb === 'discard' ? !DISCARDING.has(phase) : verb === 'drop' && phase === 'mailauth';
  if (!isMisused) return undefined;
  const why = `"${verb}" verb not allowed in ${phaseName(phase)} ACL`;
  frame.services.log.panic(why);
  const said = statement.logMessage ?? statement.message;
  return chain(expandMessage(said, context), (logMessage) => ({ kind: 'error', logMessage: logMessage ?? '' })); // told already
}

/** Where a message is known, and its recipients. */
const DISCARDING: ReadonlySet<AclPhase> = new Set(['mail', 'rcpt', 'data', 'mime', 'dkim', 'prdr', 'not_smtp', 'not_smtp_mime', 'unknown']);

/** `message` varies the positive reply unless `endpass` makes it the text of a denial; what conditions said does not count any more. */
function accepted(verb: 'accept' | 'discard', context: AclContext): MaybePromise<AclRunResult> {
  const { statement } = context;
  statement.userText = undefined;
  statement.logText = undefined;
  if (statement.endpassSeen) statement.message = undefined;
  return withMessages(context, undefined, (message, logMessage) =>
    verb === 'accept' ? { kind: 'accept', message } : { kind: 'discard', message, logMessage },
  );
}

function denied(context: AclContext, isDrop: boolean): MaybePromise<AclRunResult> {
  return withMessages(context, undefined, (message, logMessage) => ({
    kind: 'fail',
    message,
    logMessage,
    isDrop: isDrop || (context.statement.nestedDrop ?? false),
    senderVerify: context.acl.senderVerify.failure,
  }));
}

/**
 * The reply's and the log's text: `message` replaces what a condition said to the peer, `log_message` is put before what a condition said to the
 * log (each sees that in `$acl_verify_message`); without both, the first line of the reply is logged.
 */
function withMessages(
  context: AclContext,
  failure: Octets | undefined,
  make: (message: Octets | undefined, logMessage: Octets | undefined) => AclRunResult,
): MaybePromise<AclRunResult> {
  const { statement, frame } = context;
  const conditionLog = statement.logText ?? (failure === '' ? undefined : failure);
  frame.results.aclVerifyMessage = statement.userText ?? '';
  return chain(expandMessage(statement.message, context), (userMessage) => {
    frame.results.aclVerifyMessage = statement.logText ?? statement.userText ?? '';
    return chain(expandMessage(statement.logMessage, context), (logMessage) => {
      frame.results.aclVerifyMessage = '';
      const message = userMessage ?? statement.userText;
      let log = conditionLog;
      if (logMessage !== undefined) log = conditionLog === undefined || conditionLog === '' ? logMessage : `${logMessage}: ${conditionLog}`;
      return make(message, firstLine(log ?? message));
    });
  });
}

function firstLine(text: Octets | undefined): Octets | undefined {
  if (text === undefined) return undefined;
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

/** Undefined when there is none, it is empty, or it cannot be expanded (which is logged). */
function expandMessage(template: Template | undefined, context: AclContext): MaybePromise<Octets | undefined> {
  if (template === undefined) return undefined;
  return chain(template.evaluate(context.frame), (outcome) => {
    if (outcome.kind === 'ok') return outcome.value.octets === '' ? undefined : outcome.value.octets;
    if (outcome.kind !== 'forced-fail') {
      context.frame.services.log.panic(`failed to expand ACL message "${template.source}": ${outcome.message}`);
    }
    return undefined;
  });
}

/** `warn`: log_message is logged once a message (and sees why a sender failed), `message` is added as a header. */
function warn(context: AclContext): MaybePromise<undefined> {
  const { statement, frame } = context;
  const told = statement.logText ?? statement.userText ?? '';
  const failure = statement.senderVerify;
  frame.results.aclVerifyMessage = failure === undefined || failure.logText === '' ? told : `${told}: ${failure.logText}`;
  return chain(expandMessage(statement.logMessage, context), (logMessage) => {
    frame.results.aclVerifyMessage = statement.userText ?? '';
    if (logMessage !== undefined) logWarning(context, `Warning: ${logMessage}`);
    return chain(expandMessage(statement.message, context), (header) => {
      frame.results.aclVerifyMessage = '';
      if (header !== undefined) addWarnedHeader(header, context);
      return undefined;
    });
  });
}

function addWarnedHeader(header: Octets, { phase, frame }: AclContext): void {
  if (phase !== 'not_smtp_start' && MESSAGE_PHASES.includes(phase)) return addHeaders(header, frame.transaction?.state);
  const why = `ACL "warn" with "message" setting found in a non-message (${phaseName(phase)}) ACL: cannot specify header lines here: message ignored`;
  frame.services.log.panic(why);
}

function warnSkipped(context: AclContext, label: string, at: SourceLocation, message: Octets): void {
  if (!context.frame.services.log.selected('acl_warn_skipped')) return;
  const { frame } = context;
  frame.services.log.main(
    `${frame.services.logPrefix(frame)}Warning: ACL 'warn' statement skipped (in ${label} at line ${at.line} of ${at.file}): condition test deferred${message === '' ? '' : `: ${message}`}`,
    frame.transaction?.state.id,
  );
}

/** The same warning is written once while a message is received, or before one is; it is another one when the host has got a name meanwhile. */
function logWarning({ frame }: AclContext, text: Octets): void {
  const { services, session, transaction } = frame;
  const line = `${services.logPrefix(frame)}${text}`;
  const seen = session?.state.warningsLogged ?? transaction?.state.warningsLogged;
  if (seen?.has(line)) return;
  seen?.add(line);
  services.log.main(line, transaction?.state.id);
}
