/**
 * Takes one address through the routers, from its start router to the one that settles it. Spec ch. 3 "Running an individual
 * router", ch. 15 "Generic options for routers". Expected results are values; the caller (deliver/, verify/) acts on them.
 */

import { assertNever } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import type { Address, InheritedProperties } from '../core/address.ts';
import type { ChildAddress, RouteContext, RouteResult, RouterInstance } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import { ok } from '../core/outcome.ts';
import type { Log } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { sliceText } from '../core/text.ts';
import { withoutPercentHack } from '../lists/percent-hack.ts';
import { indentedLog } from '../logging/indented.ts';
import { silentLog } from '../logging/silent.ts';
import { makeAddress, uniqueString, writtenLocalPart } from './address.ts';
import { fallbackHosts, findTransport, setHeaderData, setUserData, splitItems } from './delivery-data.ts';
import { withoutQueries } from './hidden-cause.ts';
import { testPreconditions } from './preconditions.ts';
import { expandBoolean, expandOption, expandText, messageOf, pairOption, settingsOf } from './settings.ts';

/** What became of one address. Several lists may be filled: `unseen` makes copies. */
export interface Routed {
  /** Ready for `state.transport`; of kind `file` with `/dev/null` and no transport: bypassed (`T=**bypassed**`). */
  readonly deliveries: readonly Address[];
  /** Still to be routed, each from its `startRouter`, in order; before all that waits. */
  readonly children: readonly Address[];
  /** Thrown away by `:blackhole:`. */
  readonly discarded: readonly Address[];
  readonly problems: readonly RoutingProblem[];
  /** A router changed a domain and wants header lines to follow (`rewrite_headers`, `self = reroute: rewrite:`). */
  readonly domainRewrites: readonly { readonly from: Octets; readonly to: Octets }[];
}

export interface RoutingProblem {
  /** `state.router` is the router that decided; unset when no router took the address. */
  readonly address: Address;
  readonly kind: 'failed' | 'deferred';
  /** For the log line and the bounce. */
  readonly message: Octets;
  /** For the SMTP reply of a verification, when it differs; may begin with a code when `hasSmtpCode`. */
  readonly userMessage?: Octets | undefined;
  readonly hasSmtpCode?: boolean;
  /** The message is to be frozen. */
  readonly isFreeze: boolean;
  /** For the log, when `message` does not tell it. */
  readonly cause?: Octets;
  /** The number in `defer (-1)`. */
  readonly errorNumber: number;
  /** A file or pipe that its router may not generate. */
  readonly isForbidden?: boolean;
  /** Verification was refused by `fail_verify`. */
  readonly isFailVerify?: boolean;
}

/** What may differ between runs. The frame has message or session, config and services, and no address. */
export interface RoutingContext {
  readonly frame: Frame;
  readonly verify: RouteContext['verify'];
}

const UNROUTEABLE = 'Unrouteable address';

/** Routes one address. Children are returned, not followed. */
export async function routeAddress(address: Address, { frame, verify }: RoutingContext): Promise<Routed> {
  const { routers } = frame.config;
  const hacked = await percentHack(address, frame);
  if (hacked) return hacked;
  const run = new Routing(frame, verify);
  let current = address;
  let lastSeen: { readonly router: RouterInstance; readonly frame: Frame } | undefined;
  let failure = UNROUTEABLE;
  let userMessage: Octets | undefined;
  const unrouteable = async () => {
    const message = await unrouteableText(failure, lastSeen);
    if (message !== failure) return problem(current, 'failed', message, { userMessage: message });
    // that no router takes an address is for the peer too, why one declined only when it says so, or of a recipient
    const isTold = failure === UNROUTEABLE || verify === 'recipient';
    return problem(current, 'failed', message, { userMessage: userMessage ?? (isTold ? message : undefined) });
  };
  let index = startIndex(routers, address.startRouter);
  if (index < 0) return problem(address, 'deferred', `router "${address.startRouter ?? ''}" not found`);
  while (index < routers.length) {
    const router = routers[index];
    if (router === undefined) break;
    const step = await run.step(current, router);
    lastSeen = { router, frame: { ...frame, address: step.view ?? step.address } };
    current = step.address;
    switch (step.kind) {
      case 'done':
        return { ...step.routed, problems: step.routed.problems.map((one) => withHiddenCause(one, frame)) };
      case 'next':
        break;
      case 'declined':
      case 'stop':
        if (step.message !== undefined) failure = step.message;
        if (step.message !== undefined) userMessage = step.userMessage;
        if (step.kind === 'stop') return unrouteable();
        break;
      default:
        assertNever(step);
    }
    index = step.kind === 'next' && step.to !== undefined ? startIndex(routers, step.to) : index + 1;
    if (index < 0) return problem(current, 'deferred', `router "${router.name}": pass_router not found`);
  }
  frame.services.log.debug('route', () => 'no more routers');
  return unrouteable();
}

/** The address that is meant goes on as a child. Undefined: `percent_hack_domains` has nothing to do with it. */
async function percentHack(address: Address, frame: Frame): Promise<Routed | undefined> {
  if (address.kind !== 'mailbox' || !address.localPart.includes('%')) return undefined;
  const meant = await withoutPercentHack(address, frame);
  if (meant.kind !== 'ok') return problem(address, 'deferred', messageOf(meant));
  if (meant.value === address) return undefined;
  const { recipientIndex, inherited, startRouter } = address;
  const written = `${meant.value.localPart}@${meant.value.domain}`;
  return { ...nothing, children: [makeAddress({ address: written, recipientIndex, parent: address, inherited, startRouter })] };
}

function withHiddenCause(problem: RoutingProblem, { services }: Frame): RoutingProblem {
  const message = withoutQueries(problem.message);
  if (problem.kind !== 'deferred' || message === problem.message) return problem;
  services.log.debug('route', () => problem.message);
  return { ...problem, message, cause: problem.message };
}

function startIndex(routers: readonly RouterInstance[], name: string | undefined): number {
  return name === undefined ? 0 : routers.findIndex((router) => router.name === name);
}

/** `cannot_route_message` of the last router that looked at the address, else what the routers said, else the usual text. */
async function unrouteableText(
  failure: Octets,
  last: { readonly router: RouterInstance; readonly frame: Frame } | undefined,
): Promise<Octets> {
  if (last === undefined) return failure;
  const option = settingsOf(last.router).cannot_route_message;
  const expanded = await expandOption(option, last.frame);
  if (expanded.kind === 'ok') return expanded.value?.octets ?? failure;
  last.frame.services.log.panic(`failed to expand cannot_route_message in ${last.router.name} router: ${messageOf(expanded)}`);
  return failure;
}

const nothing: Routed = { deliveries: [], children: [], discarded: [], problems: [], domainRewrites: [] };

function problem(address: Address, kind: 'failed' | 'deferred', message: Octets, more: Partial<RoutingProblem> = {}): Routed {
  return { ...nothing, problems: [{ address, kind, message, isFreeze: false, errorNumber: -1, ...more }] };
}

/**
 * What one router did: `address` carries the data that stays with it (`address_data`, `r_` variables, `$self_hostname`), `view` is what it saw.
 */
type Step = { readonly view?: Address } & (
  | { readonly kind: 'done'; readonly address: Address; readonly routed: Routed }
  | { readonly kind: 'next'; readonly address: Address; readonly to?: string | undefined }
  | {
      readonly kind: 'declined' | 'stop';
      readonly address: Address;
      readonly message?: Octets | undefined;
      readonly userMessage?: Octets | undefined;
    }
);

class Routing {
  readonly #base: Frame;
  readonly #log: Log;
  readonly #verify: RouteContext['verify'];

  constructor(frame: Frame, verify: RouteContext['verify']) {
    const { address: _address, ...given } = frame;
    this.#log = frame.services.log;
    const base = this.#log.isDebug('route') ? { ...given, services: { ...given.services, log: indentedLog(this.#log) } } : given;
    this.#base =
      verify === 'sender'
        ? { ...base, verifyMode: 'S' }
        : verify === 'recipient' || verify === 'test'
          ? { ...base, verifyMode: 'R' }
          : base;
    this.#verify = verify;
  }

  async step(address: Address, router: RouterInstance): Promise<Step> {
    const { services } = this.#base;
    const log = settingsOf(router).disable_logging ? silentLog(services.log) : services.log;
    const base: Frame = log === services.log ? this.#base : { ...this.#base, services: { ...services, log } };
    const context: RouteContext = {
      frame: base,
      services: base.services,
      verify: this.#verify,
      until: this.#base.until,
      message: this.#base.message,
    };
    const tested = await testPreconditions(address, router, context, base);
    if (tested.kind === 'skip') {
      // `-bh` tells only of the routers that run
      if (this.#base.session?.isRehearsal !== true) services.log.debug('route', () => `${router.name} router skipped: ${tested.why}`);
      return tested.view === undefined ? { kind: 'next', address } : { kind: 'next', address, view: tested.view };
    }
    if (tested.kind === 'defer') return { kind: 'done', address, routed: this.#deferred(address, router, tested.message) };
    return { ...(await this.#run(address, tested.view, router, { ...context, frame: tested.frame })), view: tested.view };
  }

  /** All preconditions hold. */
  async #run(address: Address, view: Address, router: RouterInstance, context: RouteContext): Promise<Step> {
    view.state.router = router;
    const unbuilt = notYetText(router);
    if (unbuilt !== undefined) {
      this.#base.services.log.panic(unbuilt);
      return { kind: 'done', address, routed: this.#deferred(view, router, unbuilt) };
    }
    const data = await setVariables(view, router, context.frame);
    const kept = keepData(address, view);
    if (data.kind === 'declined') return this.#declined(kept, router, context.frame, {});
    if (data.kind === 'deferred') return { kind: 'done', address: kept, routed: this.#deferred(view, router, data.message) };
    this.#base.services.log.debug('route', () => `calling ${router.name} router`);
    const result = await router.behaviour?.route(view, context);
    this.#traceResult(result, view, router);
    return result === undefined ? { kind: 'next', address: kept } : this.#apply(result, kept, view, router, context);
  }

  #traceResult(result: RouteResult | undefined, view: Address, router: RouterInstance): void {
    const { log } = this.#base.services;
    const { name } = router;
    if (result?.kind === 'accept' || result?.kind === 'redirect') this.#log.debug('route', () => `routed by ${name} router`);
    else if (result?.kind === 'decline') log.debug('route', () => `${name} router declined for ${view.address}`);
    else if (result?.kind === 'fail') log.debug('route', () => `${name} router forced address failure`);
    else if (result?.kind === 'defer')
      this.#log.debug('route', () => `${name} router: defer for ${view.address}\n  message: ${withoutQueries(result.message)}`);
  }

  async #apply(result: RouteResult, kept: Address, view: Address, router: RouterInstance, context: RouteContext): Promise<Step> {
    const done = (routed: Routed): Step => ({ kind: 'done', address: kept, routed });
    switch (result.kind) {
      case 'decline':
        return this.#declined(kept, router, context.frame, result);
      case 'pass': {
        if (result.selfHostname !== undefined) kept.state.selfHostname = result.selfHostname;
        return { kind: 'next', address: kept, to: settingsOf(router).pass_router };
      }
      case 'accept':
        return this.#unseen(kept, view, router, context, (own) => this.#accepted(result, own, router, context));
      case 'redirect':
        return this.#unseen(kept, view, router, context, (own) => this.#redirected(result, own, router, context));
      case 'fail': {
        const more = { userMessage: result.userMessage, hasSmtpCode: result.isSmtpCode ?? false };
        return done(problem(view, 'failed', result.message, more));
      }
      case 'defer':
        if (result.isTimeout === true && settingsOf(router).pass_on_timeout)
          return { kind: 'next', address: kept, to: settingsOf(router).pass_router };
        return done(
          problem(view, 'deferred', result.message, {
            userMessage: result.userMessage,
            isFreeze: result.isFreeze ?? false,
            errorNumber: result.errorNumber ?? -1,
          }),
        );
      case 'freeze':
        return done(problem(view, 'deferred', result.message, { isFreeze: true }));
      case 'error': {
        this.#base.services.log.main(`Error in ${router.name} router: ${result.message}`);
        return done(problem(view, 'deferred', `error in router: ${result.message}`));
      }
      case 'reroute':
        return done(this.#rerouted(result, view, router));
      default:
        return assertNever(result);
    }
  }

  /** `more` decides; the frame still has what the preconditions found. */
  async #declined(
    kept: Address,
    router: RouterInstance,
    frame: Frame,
    { message, userMessage }: { readonly message?: Octets; readonly userMessage?: Octets | undefined },
  ): Promise<Step> {
    const more = await expandBoolean(settingsOf(router).more, 'more', true, router, frame);
    if (more.kind !== 'ok') return { kind: 'done', address: kept, routed: problem(kept, 'deferred', messageOf(more)) };
    return { kind: more.value ? 'declined' : 'stop', address: kept, message, userMessage };
  }

  async #accepted(result: RouteResult & { kind: 'accept' }, view: Address, router: RouterInstance, context: RouteContext): Promise<Routed> {
    const settings = settingsOf(router);
    const { frame } = context;
    const headers = await setHeaderData(view, router, frame, context);
    if (headers !== undefined) return this.#deferred(view, router, messageOf(headers));
    const transport = await findTransport(result.transport, router, frame);
    if (transport.kind !== 'ok') return this.#deferred(view, router, messageOf(transport));
    if (transport.value === undefined && !settings.verify_only && context.verify !== 'sender' && context.verify !== 'recipient') {
      return this.#deferred(view, router, `error in ${router.name} router: transport is not set`);
    }
    const user = await setUserData(view, router, frame, context);
    if (user !== undefined) return this.#deferred(view, router, messageOf(user));
    const fallback = transport.value?.isRemote === true ? await fallbackHosts(router, frame) : ok(undefined);
    if (fallback.kind !== 'ok') return this.#deferred(view, router, messageOf(fallback));
    const refused = verifyRefusal(view, router, context);
    if (refused !== undefined) return { ...nothing, problems: [refused] };
    view.state.transport = transport.value;
    view.state.hosts = result.hosts;
    view.state.isRandomizedHosts = result.isRandomized;
    view.state.fallbackHosts = fallback.value;
    return { ...nothing, deliveries: [view] };
  }

  async #redirected(
    result: RouteResult & { kind: 'redirect' },
    view: Address,
    router: RouterInstance,
    context: RouteContext,
  ): Promise<Routed> {
    const user = await setUserData(view, router, context.frame, context);
    if (user !== undefined) return this.#deferred(view, router, messageOf(user));
    const refused = verifyRefusal(view, router, context);
    if (result.discarded === true) return refused === undefined ? { ...nothing, discarded: [view] } : { ...nothing, problems: [refused] };
    const headers = await setHeaderData(view, router, context.frame, context);
    if (headers !== undefined) return this.#deferred(view, router, messageOf(headers));
    const routed = { deliveries: [] as Address[], children: [] as Address[], problems: refused === undefined ? [] : [refused] };
    for (const child of result.children) {
      const made = makeAddress({
        address: child.address,
        kind: child.kind,
        parent: view,
        recipientIndex: view.recipientIndex,
        inherited: inheritedBy(child, view),
        startRouter: child.kind === 'mailbox' ? settingsOf(router).redirect_router : undefined,
      });
      if (child.kind === 'mailbox') routed.children.push(made);
      else await this.#deliverTo(made, child, view, router, context, routed);
    }
    return { ...nothing, ...routed };
  }

  /** A file, pipe or reply is delivered by a transport of the redirecting router. */
  async #deliverTo(
    made: Address,
    child: ChildAddress,
    view: Address,
    router: RouterInstance,
    context: RouteContext,
    routed: { deliveries: Address[]; problems: RoutingProblem[] },
  ): Promise<void> {
    const { state } = made;
    Object.assign(state, {
      router,
      uid: view.state.uid,
      gid: view.state.gid,
      initgroups: view.state.initgroups,
      home: view.state.home,
      currentDirectory: view.state.currentDirectory,
      localUser: view.state.localUser,
    });
    state.fileName = fileNameOf(child);
    state.fileMode = child.mode;
    // a test tells first that there is no transport
    if (child.isForbidden === true && (child.transport !== undefined || context.verify === 'no')) {
      const what = child.kind === 'directory' ? 'file' : child.kind;
      routed.problems.push({
        address: made,
        kind: 'failed',
        message: `delivery to ${what} forbidden`,
        isFreeze: false,
        errorNumber: -1,
        isForbidden: true,
      });
      return;
    }
    const option = `${child.kind === 'autoreply' ? 'reply' : child.kind}_transport`;
    const transport =
      child.transport === undefined
        ? { kind: 'defer' as const, message: child.transportProblem ?? `${option} unset in ${router.name} router` }
        : await findTransport(child.transport, router, context.frame);
    if (transport.kind === 'ok') {
      const isBypassed = child.kind === 'file' && child.address === '/dev/null' && context.verify === 'no';
      state.transport = isBypassed ? undefined : transport.value;
      routed.deliveries.push(made);
    } else routed.problems.push({ address: made, kind: 'deferred', message: messageOf(transport), isFreeze: false, errorNumber: -30 });
  }

  #rerouted(result: RouteResult & { kind: 'reroute' }, view: Address, router: RouterInstance): Routed {
    const child = makeAddress({
      address: `${writtenLocalPart(view)}@${result.domain}`,
      parent: view,
      recipientIndex: view.recipientIndex,
      inherited: inheritedBy({}, view),
      startRouter: settingsOf(router).redirect_router,
    });
    return { ...nothing, children: [child], domainRewrites: result.rewriteHeaders ? [{ from: view.domain, to: result.domain }] : [] };
  }

  /** With `unseen` the address becomes the parent of two: of what this router makes of it, and of a copy that goes on behind the router. */
  async #unseen(
    kept: Address,
    view: Address,
    router: RouterInstance,
    context: RouteContext,
    settle: (own: Address) => Promise<Routed>,
  ): Promise<Step> {
    const unseen = await expandBoolean(settingsOf(router).unseen, 'unseen', false, router, context.frame);
    const { routers } = this.#base.config;
    const next = routers[routers.indexOf(router) + 1];
    if (unseen.kind !== 'ok') {
      const routed = await settle(view);
      if (routed.problems.some(isOfMailbox)) return { kind: 'done', address: kept, routed };
      const problems: RoutingProblem[] = [
        ...routed.problems,
        { address: kept, kind: 'deferred', message: messageOf(unseen), isFreeze: false, errorNumber: -1 },
      ];
      return { kind: 'done', address: kept, routed: { ...routed, problems } };
    }
    if (!unseen.value || next === undefined) return { kind: 'done', address: kept, routed: await settle(view) };
    const routed = await settle({ ...view, parent: kept });
    // of what went wrong there is no copy, and it is nobody's child
    if (routed.problems.some(isOfMailbox)) {
      const own = withParent(view, kept.parent);
      const problems = routed.problems.map((one) => ({ ...one, address: withParent(one.address, kept.parent) }));
      return {
        kind: 'done',
        address: kept,
        routed: { ...routed, problems, children: routed.children.map((child) => withParent(child, own)) },
      };
    }
    const inherited: InheritedProperties = {
      ...kept.inherited,
      headersAdd: [],
      headersRemove: [],
      routerVariables: new Map(view.state.routerVariables),
      addressData: view.state.addressData,
    };
    const copy = makeAddress({
      address: kept.original,
      parent: view,
      recipientIndex: kept.recipientIndex,
      inherited,
      startRouter: next.name,
    });
    // what the router made was of one generation when it was made: the copy's duplicate, when both are the same
    const made = routed.children.map((child) => ({ ...child, unique: uniqueString(child.kind, child.address, view) }));
    return { kind: 'done', address: kept, routed: { ...routed, children: [copy, ...made] } };
  }

  #deferred(address: Address, router: RouterInstance, message: Octets): Routed {
    address.state.router = router;
    return problem(address, 'deferred', message);
  }
}

/** `fail_verify`. */
function verifyRefusal(view: Address, router: RouterInstance, { verify }: RouteContext): RoutingProblem | undefined {
  if (verify !== 'sender' && verify !== 'recipient') return undefined;
  if (!pairOption(router, 'fail_verify', verify === 'sender' ? 'fail_verify_sender' : 'fail_verify_recipient')) return undefined;
  const message = `${router.name} router forced verify failure`;
  // of a sender the peer is not told
  const told = verify === 'recipient' ? { userMessage: message } : {};
  return { address: view, kind: 'failed', message, isFreeze: false, errorNumber: -1, isFailVerify: true, ...told };
}

function isOfMailbox({ address }: RoutingProblem): boolean {
  return address.kind === 'mailbox';
}

function withParent({ parent: _other, ...address }: Address, parent: Address | undefined): Address {
  return parent === undefined ? address : { ...address, parent };
}

function fileNameOf({ kind, address, taint = [] }: ChildAddress): Text {
  return sliceText({ octets: address, taint }, kind === 'pipe' ? 1 : 0);
}

/** The data that outlives a router that did not take the address. */
function keepData(address: Address, view: Address): Address {
  return { ...address, state: { ...address.state, addressData: view.state.addressData, routerVariables: view.state.routerVariables } };
}

function inheritedBy(child: Partial<ChildAddress>, view: Address): InheritedProperties {
  return {
    errorsTo: child.errorsTo ?? view.state.errorsTo,
    headersAdd: [...view.state.headersAdd, ...(child.headersAdd ?? [])],
    headersRemove: view.state.headersRemove,
    routerVariables: new Map(view.state.routerVariables),
    addressData: view.state.addressData,
    ignoreErrors: view.inherited.ignoreErrors,
    reply: child.reply,
  };
}

/** Set options that are not built, or a driver that is not: named, and never silently left out (DESIGN 3.4). */
function notYetText(router: RouterInstance): Octets | undefined {
  if (router.behaviour === undefined) return `${router.name} router: the ${router.driver} router is not built yet`;
  return router.notYet.length === 0 ? undefined : `${router.name} router: option ${router.notYet.join(', ')} is not built yet`;
}

type DataStep = { readonly kind: 'ok' } | { readonly kind: 'declined' } | { readonly kind: 'deferred'; readonly message: Octets };

/** `set`, then `address_data`. */
async function setVariables(view: Address, router: RouterInstance, frame: Frame): Promise<DataStep> {
  const settings = settingsOf(router);
  for (const value of settings.set) {
    for (const item of splitItems(value, ';')) {
      const result = await setVariable(item, view, router, frame);
      if (result.kind !== 'ok') return result;
    }
  }
  const option = settings.address_data;
  if (option === undefined) return { kind: 'ok' };
  const data = await option.evaluate(frame);
  if (data.kind === 'forced-fail') return { kind: 'declined' };
  if (data.kind !== 'ok')
    return { kind: 'deferred', message: `expansion of "${option.source}" failed in ${router.name} router: ${messageOf(data)}` };
  view.state.addressData = data.value;
  return { kind: 'ok' };
}

async function setVariable(item: Octets, view: Address, router: RouterInstance, frame: Frame): Promise<DataStep> {
  const { 1: name, 2: source = '' } = /^([^= \t]*)[ \t]*=[ \t]*([\s\S]*)$/.exec(item) ?? [];
  if (name === undefined || !/^r_[A-Za-z0-9_]+$/.test(name)) {
    const message = `bad router variable name '${name ?? item}' in router '${router.name}'\n`;
    frame.services.log.panic(message);
    return { kind: 'deferred', message };
  }
  const value = await expandText(source, `"set" option of the ${router.name} router`, frame);
  if (value.kind === 'forced-fail') return { kind: 'declined' };
  if (value.kind !== 'ok')
    return { kind: 'deferred', message: `expansion of "${source}" failed in ${router.name} router: ${messageOf(value)}` };
  view.state.routerVariables.set(name, value.value);
  return { kind: 'ok' };
}
