/** What must hold before a router runs, in Exim's order. Spec ch. 3 "Router preconditions". */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import type { RouteContext, RouterInstance } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import { mailOf } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import type { ListMatch } from '../core/ports.ts';
import { tainted, untainted } from '../core/text.ts';
import { unquoteLocalPart, withLowerCaseDomain, writtenLocalPart } from './address.ts';
import { findPrefix, findSuffix } from './affixes.ts';
import { hasRequiredFiles } from './require-files.ts';
import { expandOption, expandText, isTrue, messageOf, pairOption, settingsOf } from './settings.ts';

export type Precondition =
  /** The address as this router sees it: affixes taken off, state of its own; and the frame that has it. */
  | { readonly kind: 'run'; readonly view: Address; readonly frame: Frame }
  | { readonly kind: 'skip'; readonly why: Octets; readonly view?: Address }
  | { readonly kind: 'defer'; readonly message: Octets };

type Step = { readonly kind: 'on'; readonly frame: Frame } | Exclude<Precondition, { kind: 'run' }>;

const skip = (why: Octets): Precondition & { kind: 'skip' } => ({ kind: 'skip', why });

/** Tests all preconditions of one router for one address. `base` is the frame without an address. */
export async function testPreconditions(
  address: Address,
  router: RouterInstance,
  context: RouteContext,
  base: Frame,
): Promise<Precondition> {
  if (wasHere(address, router)) return skip(`previously routed ${address.address}`);
  const view = makeView(address, router);
  if (view === undefined) return skip('prefix or suffix mismatch');
  const modes = testModes(router, context);
  if (modes !== undefined) return { ...modes, view };
  let frame: Frame = { ...base, address: view };
  for (const step of [testDomains, testLocalParts, testLocalUser, setHome, testSenders, testFiles, testConditions]) {
    const result = await step(view, router, frame, context);
    if (result.kind === 'skip') return { ...result, view };
    if (result.kind !== 'on') return result;
    frame = result.frame;
  }
  return { kind: 'run', view, frame };
}

/** An ancestor that is the same address was handled by this router, or (`no_repeat_use`) any ancestor was. */
function wasHere(address: Address, router: RouterInstance): boolean {
  const { caseful_local_part: isCaseful } = settingsOf(router);
  const repeats = router.own['repeat_use'] !== false;
  for (let ancestor = address.parent; ancestor; ancestor = ancestor.parent) {
    if (ancestor.state.router?.name !== router.name) continue;
    if (!repeats) return true;
    const isSame = isCaseful
      ? withLowerCaseDomain(ancestor.address) === withLowerCaseDomain(address.address)
      : lowerCase(ancestor.address) === lowerCase(address.address);
    if (isSame) return true;
  }
  return false;
}

/** The address with lower-case local part (unless `caseful_local_part`) without affixes; undefined when a needed affix is missing. */
function makeView(address: Address, router: RouterInstance): Address | undefined {
  const settings = settingsOf(router);
  const written = unquoteLocalPart(writtenLocalPart(address));
  let localPart = settings.caseful_local_part ? written : lowerCase(written);
  const {
    prefix: _p,
    prefixVariable: _pv,
    suffix: _s,
    suffixVariable: _sv,
    domainData: _d,
    localPartData: _l,
    localUser: _u,
    home: _h,
    ...kept
  } = address.state;
  const state = {
    ...kept,
    routerVariables: new Map(address.state.routerVariables),
    headersAdd: [...address.state.headersAdd],
    headersRemove: [...address.state.headersRemove],
  };
  const view = (): Address => ({ ...address, localPart, state: { ...state, ...affixes } });
  let affixes: Partial<Address['state']> = {};
  if (settings.local_part_prefix.length > 0) {
    const prefix = findPrefix(localPart, settings.local_part_prefix);
    if (prefix !== undefined) {
      localPart = localPart.slice(prefix.octets.length);
      affixes = { prefix: prefix.octets, prefixVariable: prefix.variable };
    } else if (!settings.local_part_prefix_optional) return undefined;
  }
  if (settings.local_part_suffix.length > 0) {
    const suffix = findSuffix(localPart, settings.local_part_suffix);
    if (suffix !== undefined) {
      localPart = localPart.slice(0, localPart.length - suffix.octets.length);
      affixes = { ...affixes, suffix: suffix.octets, suffixVariable: suffix.variable };
    } else if (!settings.local_part_suffix_optional) return undefined;
  }
  return view();
}

function testModes(router: RouterInstance, { verify }: RouteContext): (Precondition & { kind: 'skip' }) | undefined {
  const settings = settingsOf(router);
  if (verify === 'sender' && !pairOption(router, 'verify', 'verify_sender')) return skip('verify 1 0');
  if (verify === 'recipient' && !pairOption(router, 'verify', 'verify_recipient')) return skip('verify 2 0');
  if (verify === 'test' && !settings.address_test) return skip('address_test is unset');
  if (verify === 'expn' && !settings.expn) return skip('no_expn set');
  if (settings.verify_only && verify !== 'sender' && verify !== 'recipient') return skip('verify_only set');
  return undefined;
}

async function testDomains(view: Address, router: RouterInstance, frame: Frame): Promise<Step> {
  const { domains } = settingsOf(router);
  if (domains === undefined) return { kind: 'on', frame };
  const match = await frame.services.lists.matchDomain(domains, tainted(view.domain), frame);
  return afterList(match, 'domains', frame, (found) => {
    view.state.domainData = found.data;
  });
}

async function testLocalParts(view: Address, router: RouterInstance, frame: Frame): Promise<Step> {
  const { local_parts: localParts, caseful_local_part: isCaseful } = settingsOf(router);
  if (localParts === undefined) return { kind: 'on', frame };
  const match = await frame.services.lists.matchLocalPart(localParts, tainted(withItsCase(view)), frame, isCaseful);
  return afterList(match, 'local_parts', frame, (found) => {
    view.state.localPartData = found.data;
  });
}

/** The local part without affixes as it was written: `+caseful` in a list restores it. */
function withItsCase(view: Address): Octets {
  const from = view.state.prefix?.length ?? 0;
  return unquoteLocalPart(writtenLocalPart(view)).slice(from, from + view.localPart.length);
}

/** A list that cannot be evaluated defers the address; the cause is for the panic log. */
function afterList(match: Outcome<ListMatch>, option: Octets, frame: Frame, keep: (found: ListMatch) => void): Step {
  if (match.kind === 'ok') {
    if (!match.value.matched) return skip(`${option} mismatch`);
    keep(match.value);
    return { kind: 'on', frame: match.value.captures === undefined ? frame : { ...frame, captures: match.value.captures } };
  }
  if (match.kind === 'fail') frame.services.log.panic(match.message);
  return { kind: 'defer', message: `${option} check lookup or other defer` };
}

async function testLocalUser(view: Address, router: RouterInstance, frame: Frame): Promise<Step> {
  if (!settingsOf(router).check_local_user) return { kind: 'on', frame };
  const user = frame.services.accounts.userByName(view.localPart);
  if (user.kind !== 'ok') return { kind: 'defer', message: messageOf(user) };
  if (user.value === undefined) return skip(`${view.localPart} is not a local user`);
  const { name, uid, gid, home, gecos } = user.value;
  view.state.localUser = { name, uid, gid, home, gecos };
  view.state.localPartData = untainted(name);
  view.state.home = untainted(home);
  return { kind: 'on', frame };
}

async function setHome(view: Address, router: RouterInstance, frame: Frame): Promise<Step> {
  const option = settingsOf(router).router_home_directory;
  const home = await expandOption(option, frame);
  if (home.kind !== 'ok')
    return { kind: 'defer', message: `failed to expand "${option?.source ?? ''}" for router_home_directory: ${messageOf(home)}` };
  if (home.value !== undefined) view.state.home = home.value;
  await printDebug(router, frame);
  return { kind: 'on', frame };
}

/** `debug_print`: after the checks above, before the others. */
async function printDebug(router: RouterInstance, frame: Frame): Promise<void> {
  const option = settingsOf(router).debug_print;
  const { log } = frame.services;
  if (option === undefined || !log.isDebug('debug_print')) return;
  const text = await option.evaluate(frame);
  log.debug('debug_print', () =>
    text.kind === 'ok' ? text.value.octets : `failed to expand debug_output "${option.source}": ${messageOf(text)}`,
  );
}

async function testSenders(_view: Address, router: RouterInstance, frame: Frame, context: RouteContext): Promise<Step> {
  const { senders } = settingsOf(router);
  if (senders === undefined) return { kind: 'on', frame };
  const sender = context.verify === 'sender' ? '' : (mailOf(frame)?.sender ?? '');
  const match = await frame.services.lists.matchAddress(senders, tainted(sender), frame);
  return afterList(match, 'senders', frame, () => undefined);
}

async function testFiles(_view: Address, router: RouterInstance, frame: Frame, context: RouteContext): Promise<Step> {
  const { require_files: files } = settingsOf(router);
  if (files === undefined) return { kind: 'on', frame };
  const holds = await hasRequiredFiles(files, frame, context);
  if (holds.kind !== 'ok') return { kind: 'defer', message: messageOf(holds) };
  return holds.value ? { kind: 'on', frame } : skip('file check');
}

async function testConditions(_view: Address, router: RouterInstance, frame: Frame): Promise<Step> {
  for (const source of settingsOf(router).condition) {
    const outcome = await expandText(source, `"condition" option of the ${router.name} router`, frame);
    if (outcome.kind === 'ok') {
      if (!isTrue(outcome.value.octets)) return skip('condition failure');
    } else if (outcome.kind === 'defer') return { kind: 'defer', message: 'condition check lookup defer' };
    else {
      if (outcome.kind === 'fail')
        frame.services.log.panic(`failed to expand condition "${source}" for ${router.name} router: ${outcome.message}`);
      return skip('condition failure');
    }
  }
  return { kind: 'on', frame };
}
