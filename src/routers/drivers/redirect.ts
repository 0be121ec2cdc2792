/** The router for aliases and forward files. Spec ch. 22 "The redirect router". */
import type { Octets } from '../../base/octets.ts';
import { lowerCase } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { ChildAddress, RouteContext, RouteResult } from '../../core/drivers.ts';
import { defineRouter } from '../../core/drivers.ts';
import { expandGroup, expandUser, loginOf } from '../../core/local-identity.ts';
import type { OptionValues } from '../../core/option.ts';
import { option } from '../../core/option.ts';
import type { NotOk, Outcome } from '../../core/outcome.ts';
import { defer, mapOutcome, ok } from '../../core/outcome.ts';
import type { Identity } from '../../core/ports.ts';
import { isUsablePath } from '../../core/taint.ts';
import type { Text } from '../../core/text.ts';
import { sliceText, untainted } from '../../core/text.ts';
import { rewriteAddress } from '../../rewrite/rewrite.ts';
import { transportName } from '../delivery-data.ts';
import { routerOptions } from '../generic-options.ts';
import { readIncludedFile, readRedirectFile } from '../redirect/file.ts';
import type { RedirectItem } from '../redirect/list.ts';
import { parseRedirectList } from '../redirect/list.ts';
import { messageOf, settingsOf } from '../settings.ts';

const GROUP_WRITE = 0o020;

function checksGroup(values: Readonly<Record<string, unknown>>): boolean {
  const groupMayWrite = (Number(values['modemask']) & GROUP_WRITE) === 0; // octets: a number already
  return (values['check_local_user'] === true && groupMayWrite) || isListed(values['owngroups']);
}

function isListed(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** `one_time` is for addresses only: Spec ch. 22 "one_time". */
function isOneTime({ one_time }: Readonly<Record<string, unknown>>): boolean {
  return one_time === true;
}

/** `# Exim filter` and the like, in the first line. */
function filterMark(text: Octets): RegExpExecArray | null {
  return /^#[ \t]*(exim|sieve)[ \t]+filter/.exec(lowerCase(text.slice(0, 100)));
}

/** Whether `data` is a filter already before it is expanded. */
function isKnownFilter({ allow_filter, data }: Readonly<Record<string, unknown>>): boolean {
  const hasSource = typeof data === 'object' && data !== null && 'source' in data && typeof data.source === 'string';
  return allow_filter === true && hasSource && filterMark(String(data.source)) !== null;
}

const options = {
  allow_defer: option.boolean({ default: false, doc: 'The list may hold :defer:.' }),
  allow_fail: option.boolean({ default: false, doc: 'The list may hold :fail:.' }),
  allow_filter: option.boolean({
    default: false,
    doc: 'Data that begins with "#Exim filter" or "#Sieve filter" is run as a filter.',
    notYet: 'instance',
    notYetFor: isKnownFilter,
  }),
  allow_freeze: option.boolean({ default: false, doc: 'An Exim filter may use freeze.' }),
  check_ancestor: option.boolean({
    default: false,
    doc: 'A generated address that is one of the ancestors is replaced by the current address.',
  }),
  check_group: option.boolean({
    default: false,
    derive: checksGroup,
    doc: 'The group of the file must be that of the local user or in owngroups. On when owngroups is set, or with check_local_user where modemask lets the group write.',
  }),
  check_owner: option.boolean({
    default: false,
    derive: (values) => values['check_local_user'] === true || isListed(values['owners']),
    doc: 'The owner of the file must be the local user or in owners. On with check_local_user or owners.',
  }),
  data: option.expanded({ onForcedFail: 'decline', doc: 'Expands to the list (or filter); the router declines when it is empty.' }),
  directory_transport: option.expanded({ onForcedFail: 'unset', doc: 'Transport for paths that end with a slash.' }),
  file: option.expanded({
    onForcedFail: 'decline',
    doc: 'File that holds the list (or filter); the router declines when it does not exist.',
  }),
  file_transport: option.expanded({ onForcedFail: 'unset', doc: 'Transport for other paths.' }),
  filter_prepend_home: option.boolean({ default: true, doc: 'Put $home before a relative path in a filter.' }),
  forbid_blackhole: option.boolean({ default: false, doc: 'The list may not hold :blackhole:.' }),
  forbid_exim_filter: option.boolean({ default: false, doc: 'No Exim filters.' }),
  forbid_file: option.boolean({ default: false, derive: isOneTime, doc: 'No deliveries to files and directories.' }),
  forbid_filter_dlfunc: option.boolean({ default: false, doc: 'Filters may not use ${dlfunc.' }),
  forbid_filter_existstest: option.boolean({ default: false, doc: 'Filters may not use exists and ${stat.' }),
  forbid_filter_logwrite: option.boolean({ default: false, doc: 'Filters may not use logwrite.' }),
  forbid_filter_lookup: option.boolean({ default: false, doc: 'Filters may not use ${lookup.' }),
  forbid_filter_perl: option.boolean({ default: false, doc: 'Filters may not use ${perl.' }),
  forbid_filter_readfile: option.boolean({ default: false, doc: 'Filters may not use ${readfile.' }),
  forbid_filter_readsocket: option.boolean({ default: false, doc: 'Filters may not use ${readsocket.' }),
  forbid_filter_reply: option.boolean({ default: false, derive: isOneTime, doc: 'Filters may not send replies.' }),
  forbid_filter_run: option.boolean({ default: false, doc: 'Filters may not use ${run.' }),
  forbid_include: option.boolean({ default: false, doc: 'The list may not hold :include:.' }),
  forbid_pipe: option.boolean({ default: false, derive: isOneTime, doc: 'No deliveries to pipes.' }),
  forbid_sieve_filter: option.boolean({ default: false, doc: 'No Sieve filters.' }),
  forbid_smtp_code: option.boolean({ default: false, doc: 'An SMTP code at the start of the text of :fail: and :defer: is not used.' }),
  hide_child_in_errmsg: option.boolean({ default: false, doc: 'Bounces do not name generated addresses.' }),
  ignore_eacces: option.boolean({ default: false, doc: 'A file that may not be read counts as missing.' }),
  ignore_enotdir: option.boolean({
    default: false,
    doc: 'A file whose path leads through something that is no directory counts as missing.',
  }),
  include_directory: option.string({ doc: 'Included files must be below this directory.' }),
  modemask: option.octal({ default: 0o022, doc: 'Mode bits that the file must not have.' }),
  one_time: option.boolean({
    default: false,
    doc: 'Redirect only at the first attempt: addresses that could not be delivered then stand for themselves.',
  }),
  owners: option.userList({ doc: 'Owners that the file may have, besides the local user.' }),
  owngroups: option.groupList({ doc: 'Groups that the file may have, besides that of the local user.' }),
  pipe_transport: option.expanded({ onForcedFail: 'unset', doc: 'Transport for |command items.' }),
  qualify_domain: option.expanded({
    onForcedFail: 'decline',
    doc: 'Domain for generated addresses that have none, in place of qualify_recipient.',
  }),
  qualify_preserve_domain: option.boolean({
    default: false,
    doc: 'Generated addresses without a domain get the one of the incoming address.',
  }),
  repeat_use: option.boolean({ default: true, doc: 'The router may handle an address although it handled one of its ancestors.' }),
  reply_transport: option.expanded({ onForcedFail: 'unset', doc: 'Transport for replies that a filter sends.' }),
  rewrite: option.boolean({ default: true, doc: 'Apply the rewriting rules to generated addresses.' }),
  sieve_enotify_mailto_owner: option.expanded({ doc: 'Address of the owner, for mailto notifications of a Sieve filter.' }),
  sieve_inbox: option.expanded({ default: 'inbox', doc: 'Name of the mailbox that a Sieve filter keeps into.' }),
  sieve_subaddress: option.expanded({ doc: 'The :detail part of an address, for a Sieve filter.' }),
  sieve_useraddress: option.expanded({ doc: 'The :user part of an address, for a Sieve filter.' }),
  sieve_vacation_directory: option.expanded({ doc: 'Where a Sieve filter remembers whom it sent a vacation message.' }),
  skip_syntax_errors: option.boolean({ default: false, doc: 'Leave out addresses that cannot be parsed, and log them.' }),
  syntax_errors_text: option.expanded({ doc: 'Text at the head of the message to syntax_errors_to.' }),
  syntax_errors_to: option.expanded({ doc: 'Who gets a message about addresses that were left out.' }),
} as const;

type Settings = OptionValues<typeof options>;
type Instance = { readonly name: string; readonly generic: Readonly<Record<string, unknown>> };

/** How deep included files may include others. */
const MAX_INCLUDE_DEPTH = 20;

export default defineRouter({
  name: 'redirect',
  summary: 'Replaces an address by others, by files or pipes, or makes it fail, from a list in an option or file.',
  spec: 'ch. 22 "The redirect router"',
  generic: routerOptions,
  options,
  needsTransport: false,
  validate: (set, generic) => problems(set, generic),
  create: (set, instance) => ({
    route: (address, context) => new Redirection(set, instance, address, context).route(),
  }),
});

function problems(set: Settings, generic: Readonly<Record<string, unknown>>): Octets[] {
  const settings = settingsOf({ generic });
  const found: Octets[] = [];
  if (settings.transport !== undefined) found.push('%s router:\n  a transport must not be defined for this router');
  if ((set.data === undefined) === (set.file === undefined))
    found.push(set.data === undefined ? 'one of "file" or "data" must be specified' : 'only one of "file" or "data" must be specified');
  if (set.allow_filter && !settings.check_local_user && settings.user === undefined)
    found.push('"user" or "check_local_user" must be set with "allow_filter"');
  if (set.qualify_preserve_domain && set.qualify_domain !== undefined)
    found.push('only one of "qualify_domain" or "qualify_preserve_domain" must be set');
  if (set.one_time && (settings.headers_add.length > 0 || settings.headers_remove.length > 0))
    found.push('"headers_add" and "headers_remove" are not permitted with "one_time"');
  if (set.one_time && settings.unseen !== false) found.push('"unseen" may not be used with "one_time"');
  return found;
}

/** One address on its way through one redirect router. */
class Redirection {
  readonly #set: Settings;
  readonly #instance: Instance;
  readonly #address: Address;
  readonly #context: RouteContext;
  readonly #errors: Octets[] = [];

  constructor(set: Settings, instance: Instance, address: Address, context: RouteContext) {
    this.#set = set;
    this.#instance = instance;
    this.#address = address;
    this.#context = context;
  }

  async route(): Promise<RouteResult> {
    const identity = await this.#findIdentity();
    if (identity.kind !== 'ok') return { kind: 'defer', message: messageOf(identity) };
    const data = await this.#readData(identity.value);
    if (data.kind === 'forced-fail') return { kind: 'decline' };
    if (data.kind !== 'ok') return { kind: 'defer', message: data.message };
    if (data.value === undefined || data.value.octets === '') return { kind: 'decline' };
    const filter = this.#refuseFilter(data.value.octets);
    if (filter !== undefined) return filter;
    const items = await this.#readItems(data.value, identity.value, 0);
    if (items.kind !== 'ok') return this.#badData(messageOf(items));
    return this.#redirect(items.value);
  }

  /** Files are read as the local user or the router's `user`; else with Exim's rights. */
  async #findIdentity(): Promise<Outcome<Identity | undefined>> {
    const { frame } = this.#context;
    const { user: userOption, group: groupOption } = settingsOf(this.#instance);
    const { localUser } = this.#address.state;
    if (this.#set.file === undefined && userOption === undefined) return ok(undefined);
    let identity: Identity | undefined =
      localUser === undefined ? undefined : { uid: localUser.uid, gid: localUser.gid, initgroupsFor: localUser.name };
    if (userOption !== undefined) {
      const user = await expandUser(userOption, `${this.#instance.name} router`, frame);
      if (user.kind !== 'ok') return this.#logged(user);
      const login = user.value.gid === undefined ? loginOf(user.value.uid, frame) : ok(undefined);
      const gid = user.value.gid ?? (login.kind === 'ok' ? login.value?.gid : undefined) ?? identity?.gid;
      identity = gid === undefined ? identity : { uid: user.value.uid, gid, initgroupsFor: user.value.name };
    }
    if (groupOption !== undefined && identity !== undefined) {
      const group = await expandGroup(groupOption, `${this.#instance.name} router`, frame);
      if (group.kind !== 'ok') return this.#logged(group);
      identity = { ...identity, gid: group.value };
    }
    // Root's files are read with Exim's rights (DESIGN 3.10: nothing is done as root for a router).
    return ok(identity?.uid === 0 ? undefined : identity);
  }

  #logged(problem: NotOk): NotOk {
    this.#context.services.log.panic(messageOf(problem));
    return problem;
  }

  async #readData(identity: Identity | undefined): Promise<Outcome<Text | undefined>> {
    const { frame, until } = this.#context;
    const set = this.#set;
    const source = set.data ?? set.file;
    if (source === undefined) return ok(undefined);
    const expanded = await source.evaluate(frame);
    if (expanded.kind === 'forced-fail') return expanded;
    if (expanded.kind !== 'ok') return defer(`failed to expand "${source.source}": ${expanded.message}`);
    if (set.file === undefined) return ok(expanded.value);
    const path = expanded.value.octets;
    if (!isUsablePath(expanded.value, frame.config)) return defer(`Tainted name '${path}' for file read not permitted`);
    const text = await readRedirectFile(
      {
        path,
        identity,
        ignoresEacces: set.ignore_eacces,
        ignoresEnotdir: set.ignore_enotdir,
        modemask: set.modemask,
        ...this.#fileRules(),
      },
      frame,
      until,
    );
    return mapOutcome(text, (octets) => (octets === undefined ? undefined : untainted(octets)));
  }

  /** Whose file it may be; the defaults depend on other options. */
  #fileRules(): { readonly owners: readonly number[] | undefined; readonly groups: readonly number[] | undefined } {
    const { localUser, router } = this.#address.state;
    const set = this.#set;
    const isSet = (name: string): boolean => router?.settings.has(name) === true;
    const checksOwner = isSet('check_owner') ? set.check_owner : localUser !== undefined || set.owners.length > 0;
    const checksGroup = isSet('check_group')
      ? set.check_group
      : (localUser !== undefined && (set.modemask & 0o020) === 0) || set.owngroups.length > 0;
    return {
      owners: checksOwner ? [...set.owners, ...(localUser === undefined ? [] : [localUser.uid])] : undefined,
      groups: checksGroup ? [...set.owngroups, ...(localUser === undefined ? [] : [localUser.gid])] : undefined,
    };
  }

  /** Undefined: the data is a list. */
  #refuseFilter(data: Octets): RouteResult | undefined {
    const mark = filterMark(data);
    if (!mark) return undefined;
    const set = this.#set;
    const isExim = mark[1] === 'exim';
    if (!set.allow_filter) return { kind: 'defer', message: 'error in filter data: filtering not enabled' };
    if (isExim ? set.forbid_exim_filter : set.forbid_sieve_filter)
      return { kind: 'defer', message: `error in filter data: ${isExim ? 'Exim' : 'Sieve'} filtering not enabled` };
    const message = `${this.#instance.name} router: ${isExim ? 'Exim' : 'Sieve'} filters are not built yet`;
    this.#context.services.log.panic(message);
    return { kind: 'defer', message };
  }

  async #readItems(data: Text, identity: Identity | undefined, depth: number): Promise<Outcome<readonly RedirectItem[]>> {
    const { frame, until } = this.#context;
    const { main } = frame.config;
    const all: RedirectItem[] = [];
    for (const item of parseRedirectList(data.octets, {
      allowsUtf8Domains: main.allow_utf8_domains,
      stripsTrailingDot: main.strip_trailing_dot,
    })) {
      if (item.kind !== 'include') {
        all.push('from' in item ? { ...item, taint: sliceText(data, item.from, item.from + item.text.length).taint } : item);
        continue;
      }
      if (this.#set.forbid_include) return defer('included files not permitted');
      if (depth >= MAX_INCLUDE_DEPTH) return defer(`included file ${item.path} is nested too deeply`);
      const path = sliceText(data, item.from, item.from + item.path.length);
      if (!isUsablePath(path, frame.config)) return defer(`Tainted name '${item.path}' for file read not permitted`);
      const text = await readIncludedFile(item.path, this.#set.include_directory, identity, frame, until);
      if (text.kind !== 'ok') return text;
      const included = await this.#readItems(untainted(text.value), identity, depth + 1);
      if (included.kind !== 'ok') return included;
      all.push(...included.value);
    }
    return ok(all);
  }

  async #redirect(items: readonly RedirectItem[]): Promise<RouteResult> {
    const children: ChildAddress[] = [];
    let isDiscarded = false;
    for (const item of items) {
      switch (item.kind) {
        case 'blackhole':
          if (this.#set.forbid_blackhole) return this.#notPermitted(':blackhole:');
          isDiscarded = true;
          break;
        case 'fail':
        case 'defer':
          return this.#refuse(item);
        case 'error': {
          if (!this.#set.skip_syntax_errors) return this.#badData(item.message);
          this.#errors.push(item.message);
          break;
        }
        case 'address': {
          const child = await this.#makeChild(item);
          if ('kind' in child && 'address' in child) children.push(child);
          else if (child.kind === 'forced-fail') return { kind: 'decline' };
          else return { kind: 'defer', message: messageOf(child) };
          break;
        }
        case 'file':
        case 'directory':
        case 'pipe': {
          children.push(await this.#makeDelivery(item));
          break;
        }
        case 'unknown':
        case 'include':
          break;
      }
    }
    if (isDiscarded) return { kind: 'redirect', children: [], discarded: true };
    return this.#afterErrors() ?? (children.length > 0 ? { kind: 'redirect', children } : this.#nothing());
  }

  /** `skip_syntax_errors`: each error is logged. */
  #afterErrors(): RouteResult | undefined {
    const { log } = this.#context.services;
    for (const error of this.#errors) log.main(`${this.#instance.name} router: skipped error: ${error}`);
    if (this.#errors.length === 0 || this.#set.syntax_errors_to === undefined) return undefined;
    const message = `${this.#instance.name} router: option syntax_errors_to is not built yet`;
    log.panic(message);
    return { kind: 'defer', message };
  }

  #nothing(): RouteResult {
    return this.#errors.length > 0 ? { kind: 'decline', message: 'syntax error in redirection data' } : { kind: 'decline' };
  }

  #refuse(item: RedirectItem & { kind: 'fail' | 'defer' }): RouteResult {
    const isAllowed = item.kind === 'fail' ? this.#set.allow_fail : this.#set.allow_defer;
    if (!isAllowed) return this.#notPermitted(item.source);
    const code = /^([0-9]{3}) ([0-9]\.[0-9]+\.[0-9]+ )?/.exec(item.text);
    const isForbidden = code !== null && this.#set.forbid_smtp_code;
    const text = isForbidden ? item.text.slice(code[0].length) : item.text;
    const texts = { message: text, userMessage: text };
    return item.kind === 'defer' ? { kind: 'defer', ...texts } : { kind: 'fail', ...texts, isSmtpCode: code !== null && !isForbidden };
  }

  async #makeChild(item: RedirectItem & { kind: 'address' }): Promise<ChildAddress | NotOk> {
    const current = this.#address;
    let address = item.address;
    if (!item.isQualified) {
      const domain = await this.#qualifyDomain(item.isBackslashed);
      if (domain.kind !== 'ok') return domain;
      address = `${item.address}@${domain.value}`;
    }
    if (this.#set.rewrite) address = (await rewriteAddress(address, 'env-to', this.#context.frame)).address;
    if (this.#set.check_ancestor && this.#isAncestor(address)) address = current.address;
    return { kind: 'mailbox', address };
  }

  async #qualifyDomain(isBackslashed: boolean): Promise<Outcome<Octets>> {
    const { frame } = this.#context;
    const set = this.#set;
    if (isBackslashed || set.qualify_preserve_domain) return ok(this.#address.domain);
    if (set.qualify_domain !== undefined) {
      const expanded = await set.qualify_domain.evaluate(frame);
      if (expanded.kind === 'ok') return ok(expanded.value.octets);
      return expanded.kind === 'forced-fail' ? expanded : defer(`failed to expand "${set.qualify_domain.source}": ${expanded.message}`);
    }
    const { main } = frame.config;
    return ok(main.qualify_recipient ?? main.qualify_domain ?? main.primary_hostname ?? '');
  }

  #isAncestor(address: Octets): boolean {
    for (let ancestor: Address | undefined = this.#address; ancestor; ancestor = ancestor.parent) {
      if (lowerCase(ancestor.address) === lowerCase(address)) return true;
    }
    return false;
  }

  async #makeDelivery(item: RedirectItem & { kind: 'file' | 'directory' | 'pipe' }): Promise<ChildAddress> {
    const set = this.#set;
    const isForbidden = item.kind === 'pipe' ? set.forbid_pipe || set.one_time : set.forbid_file || set.one_time;
    const named = { kind: item.kind, address: item.text, taint: item.taint ?? [], isForbidden };
    const option = set[TRANSPORTS[item.kind]];
    if (option === undefined) return named;
    const transport = await transportName(option, this.#instance.name, this.#context.frame);
    if (transport.kind === 'ok') return { ...named, transport: transport.value };
    return { ...named, transportProblem: messageOf(transport) };
  }

  #notPermitted(source: Octets): RouteResult {
    return this.#badData(`"${source}" is not permitted`);
  }

  #badData(reason: string): RouteResult {
    return {
      kind: 'defer',
      errorNumber: BAD_REDIRECTION,
      message: `error in redirect ${this.#set.file === undefined ? 'data' : 'file'}: ${reason}`,
    };
  }
}

/** The number that `defer (n)` shows. */
const BAD_REDIRECTION = -17;

const TRANSPORTS = { file: 'file_transport', directory: 'directory_transport', pipe: 'pipe_transport' } as const;
