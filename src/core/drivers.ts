/** Routers, transports and authenticators: how they are defined, and their configured instances. */
import type { Octets } from '../base/octets.ts';
import type { Address, AddressKind, ReplyRequest } from './address.ts';
import type { OptionSetting } from './config.ts';
import type { Deadline } from './deadline.ts';
import type { Frame } from './frame.ts';
import type { Message } from './message.ts';
import type { OptionTable, OptionValues } from './option.ts';
import type { Outcome } from './outcome.ts';
import type { Connection, HeldLink, HostItem, Services } from './ports.ts';
import type { SourceLocation } from './source.ts';
import type { TaintSpan, Text } from './text.ts';

/** What every configured driver has. `generic` are the options all of its family have, `own` the driver's. */
export interface DriverInstance<Generic> {
  readonly name: string;
  readonly driver: string;
  readonly at: SourceLocation;
  readonly generic: Generic;
  readonly own: Readonly<Record<string, unknown>>;
  /** Options as set, for -bP and check. */
  readonly settings: ReadonlyMap<string, OptionSetting>;
  /** Names of set options that are not built yet: using the instance defers with a panic-log line. */
  readonly notYet: readonly string[];
}

export interface RouterInstance extends DriverInstance<Readonly<Record<string, unknown>>> {
  readonly behaviour: RouterBehaviour | undefined;
}

export interface TransportInstance extends DriverInstance<Readonly<Record<string, unknown>>> {
  readonly isRemote: boolean;
  readonly behaviour: TransportBehaviour | undefined;
}

export interface AuthenticatorInstance extends DriverInstance<Readonly<Record<string, unknown>>> {
  /** `public_name`, upper case. */
  readonly publicName: Octets;
  readonly behaviour: AuthenticatorBehaviour | undefined;
}

// ---------------------------------------------------------------- routers

/** What a router brings about for one address. Spec ch. 15 "Generic options for routers", ch. 3 "How an address is routed". */
export type RouteResult =
  /** `message` replaces "Unrouteable address" when no other router takes the address; `userMessage` is for who asked by SMTP. */
  | { readonly kind: 'decline'; readonly message?: Octets; readonly userMessage?: Octets | undefined }
  /** `selfHostname`: it was passed on because this host was found. */
  | { readonly kind: 'pass'; readonly selfHostname?: Octets }
  /** Takes the address as it stands; `hosts` for remote transports; `transport` overrides the generic option. */
  | { readonly kind: 'accept'; readonly hosts?: readonly HostItem[]; readonly transport?: string; readonly isRandomized?: boolean }
  /** New addresses; `original` says that the parent also stays (`unseen` does that generically). */
  | { readonly kind: 'redirect'; readonly children: readonly ChildAddress[]; readonly discarded?: boolean }
  | {
      readonly kind: 'fail';
      readonly message: Octets /** SMTP code and text from `:fail: 550 5.7.1 …`. */;
      readonly userMessage?: Octets;
      readonly isSmtpCode?: boolean;
    }
  | {
      readonly kind: 'defer';
      readonly message: Octets;
      readonly userMessage?: Octets;
      readonly isFreeze?: boolean /** A look-up timed out: `pass_on_timeout` applies. */;
      readonly isTimeout?: boolean;
      /** What `defer (n)` shows; -1 when absent. */
      readonly errorNumber?: number;
    }
  | { readonly kind: 'freeze'; readonly message: Octets }
  /** `self = reroute`, `rewrite` of the domain: routing starts again (or goes on) with this domain. */
  | { readonly kind: 'reroute'; readonly domain: Octets; readonly rewriteHeaders: boolean }
  /** Configuration error: panic log and defer. */
  | { readonly kind: 'error'; readonly message: Octets };

export interface ChildAddress {
  readonly kind: AddressKind;
  /** A qualified address, a path, `|command`, or the autoreply's recipients. */
  readonly address: Octets;
  readonly transport?: string | undefined;
  /** Why there is none. */
  readonly transportProblem?: Octets | undefined;
  readonly errorsTo?: Octets | undefined;
  readonly headersAdd?: readonly Octets[];
  readonly reply?: ReplyRequest | undefined;
  readonly mode?: number | undefined;
  /** Parts of a path or command that a remote party chose. */
  readonly taint?: readonly TaintSpan[];
  /** The redirecting router does not allow it: `delivery to file forbidden`. */
  readonly isForbidden?: boolean;
}

export interface RouteContext {
  readonly frame: Frame;
  readonly services: Services;
  readonly verify: 'no' | 'sender' | 'recipient' | 'expn' | 'test';
  readonly until: Deadline;
  readonly message?: Message | undefined;
}

export interface RouterBehaviour {
  route(address: Address, context: RouteContext): Promise<RouteResult>;
}

export interface RouterDefinition<T extends OptionTable = OptionTable> {
  readonly family: 'router';
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  readonly options: T;
  /** The options that every router has (routers/generic-options.ts). */
  readonly generic?: OptionTable;
  /** Defaults of generic options that differ for this driver (`log_as_local` of accept). */
  readonly genericDefaults?: Readonly<Record<string, unknown>>;
  /** Needs a transport unless verify_only (accept, dnslookup, manualroute…). */
  readonly needsTransport: boolean;
  /** It may have no transport (iplookup). */
  readonly refusesTransport?: boolean;
  /** It takes every address that its preconditions let through: what follows it may never be reached. */
  readonly neverDeclines?: boolean;
  /** Absent: declared but not built yet. */
  readonly create?: (
    set: OptionValues<T>,
    instance: { readonly name: string; readonly generic: Readonly<Record<string, unknown>> },
  ) => RouterBehaviour;
  /** Problems of the combination of options, found at load; Exim's texts, those with `%s` for the instance's name where Exim names no `for foo router`. */
  readonly validate?: (set: OptionValues<T>, generic: Readonly<Record<string, unknown>>) => readonly string[];
}

export function defineRouter<T extends OptionTable>(definition: Omit<RouterDefinition<T>, 'family'>): RouterDefinition<T> {
  return { family: 'router', ...definition };
}

// ---------------------------------------------------------------- transports

/** Addresses that go out together: same transport, hosts, sender, header changes. */
export interface DeliveryBatch {
  readonly message: Message;
  readonly addresses: readonly Address[];
  readonly instance: TransportInstance;
  /** Of the first address; `addresses[0]`'s values are in it. */
  readonly frame: Frame;
  readonly services: Services;
  readonly returnPath: Octets;
  /** The header lines to send, after headers_add/remove/rewrite. Each ends with \n. */
  readonly headers: readonly Octets[];
  readonly until: Deadline;
  /** `-N`, dontDeliver: nothing is really sent. */
  readonly isRehearsal: boolean;
  /** Of remote transports: a connection that may already have the recipients. */
  readonly held?: HeldLink | undefined;
  /** Of remote transports: other messages for the same hosts, which may go out on a connection of this one. */
  readonly waiting?: WaitingPort | undefined;
  /** Nothing is sent: a remote transport notes that the message waits for its hosts. */
  readonly isRoutingOnly?: boolean;
  /** Nothing is delivered: `checkQuota` is called. */
  readonly isQuotaCheck?: boolean;
  /** Retry decides which hosts are due. */
  readonly retry: RetryPort;
  /** Journals and logs each address as soon as it is settled (DESIGN 3.8): call before doing anything more for another message. */
  readonly settled: (result: DeliveryResult) => Promise<void>;
}

/** One address's fate in this attempt. */
export interface DeliveryResult {
  readonly address: Address;
  readonly kind: 'delivered' | 'deferred' | 'failed';
  /** For the log line and the bounce: `SMTP error from remote mail server after RCPT TO:<…>: 550 …`. */
  readonly message?: Octets | undefined;
  /** The number in `defer (-44)`: Exim's own (negative) or the system's errno; absent: 0. */
  readonly errorNumber?: number | undefined;
  /** strerror's text of a positive number, which the log puts before the message: `defer (111): Connection refused`. */
  readonly errorReason?: Octets | undefined;
  /** errno-like class for retry rules: `refused_MX`, `timeout_connect`, `rcpt_4xx`, `quota`, `tls_required`, `auth_failed`… */
  readonly error?: RetryError | undefined;
  /** A deferral that is about this recipient, not the host or message: a 4xx to RCPT, or LMTP's reply for it. */
  readonly isOfRecipient?: boolean;
  /** A host was left out because its time has not come: whatever the others say is not the end. */
  readonly waitsForHost?: boolean;
  /** What another host had said about this recipient before. */
  readonly ofRecipientBefore?: DeliveryResult | undefined;
  /** How many transactions the connection had carried before; absent: none. */
  readonly transactionIndex?: number;
  readonly host?: HostItem | undefined;
  /** The address as it was sent when that is another: with a-labels in place of UTF-8. */
  readonly sentAs?: Octets | undefined;
  /** The same of the return path. */
  readonly senderSentAs?: Octets | undefined;
  /** `C="250 OK id=…"`. */
  readonly confirmation?: Octets | undefined;
  readonly isFreeze?: boolean;
  /** The configuration is at fault: the panic log is told, too, and the address waits without regard to retry rules. */
  readonly isPanic?: boolean;
  readonly tls?: import('./session.ts').TlsFacts | undefined;
  /** A=, K, PRDR flags of the `=>` line. */
  readonly authenticator?: Octets | undefined;
  readonly usedPipelining?: boolean;
  readonly usedPrdr?: boolean;
  readonly usedChunking?: boolean;
  /** Domains and selectors of the DKIM signatures that were made, for `DKIM=`. */
  readonly dkimSigners?: Octets | undefined;
  /** The remote knows DSN: success reports are its business. */
  readonly dsnAware?: boolean;
  /** Output of a pipe to return. */
  readonly returnedText?: Buffer | undefined;
  readonly isSpecialDefer?: boolean;
  /** The process that had it was lost, or could not be reached: nothing was found out about the address, and nothing is remembered of it. */
  readonly isInterrupted?: boolean;
  readonly sendingAddress?: Octets | undefined;
  readonly sendingPort?: number | undefined;
  readonly durationMs?: number;
  /** Not attempted because nothing was due. */
  readonly isRetryTimeNotReached?: boolean;
  /** Left for another attempt without a word. */
  readonly isPostponed?: boolean;
  /** When hosts were tried in between: their failures, to be logged as `==`-less lines by deliver/. */
  readonly isHostFailure?: boolean;
}

export interface RetryError {
  /** As in retry rules: `timeout`, `timeout_connect`, `refused`, `lost_connection`, `mail_4xx`, `rcpt_4xx`, `data_4xx`, `quota`, `tls_required`, `auth_failed`, `''`. */
  readonly name: string;
  /** `A`, `MX`, or ''. */
  readonly detail: string;
  /** Two digits of a 4xx reply, seconds since the mailbox was read for quota. */
  readonly more: number;
}

/**
 * `due`: contact it; `not-due`: skip it now; `message-waits`: the same, for this message alone; `past-limit`: contact it, it does not count for `hosts_max_try`, so that all hosts are tried before an address times out;
 * `failing-long`: skip it, its last cutoff has passed and its time has not come (`delay_after_cutoff`).
 */
export type HostStatus = 'due' | 'not-due' | 'message-waits' | 'past-limit' | 'failing-long';

/** What a remote transport asks and tells about hosts; deliver/ keeps the hints. */
export interface RetryPort {
  hostStatus(host: HostItem, address: Address): HostStatus | Promise<HostStatus>;
  /**
   * Keeps a retry time, and the line of the message log; the transport writes that of the main log. `scope` message: a 4xx to MAIL or DATA, a timeout after MAIL or the
   * final dot; only this message waits then, not the host. `reason` is strerror's text, before or instead of the message. `errorNumber` as in DeliveryResult.
   */
  hostFailed(host: HostItem, address: Address, error: RetryError, message: Octets, detail?: HostFailureDetail): void;
  hostWorked(host: HostItem, address: Address): void;
}

/** The messages that wait for hosts of a transport; deliver/ keeps the hints. */
export interface WaitingPort {
  /** Others may wait for the host; this one does not any more. */
  mayContinue(host: HostItem): boolean;
  /** Another message is delivered next, on `link`, which is its own from now on; false: none waits that fits. */
  carryOn(host: HostItem, link: HeldLink, fits: (message: Message) => Promise<boolean>): Promise<boolean>;
  /** This message waits. */
  wait(hosts: readonly HostItem[]): void;
}

export interface HostFailureDetail {
  readonly scope?: 'host' | 'message';
  readonly reason?: Octets | undefined;
  readonly errorNumber?: number | undefined;
}

export interface TransportBehaviour {
  /** Deliveries to one mailbox need not wait for one another: each makes a file of its own. */
  readonly isConcurrent?: boolean;
  /** Returns when every address has a result (each reported through `batch.settled` first). */
  deliver(batch: DeliveryBatch): Promise<readonly DeliveryResult[]>;
  /** Whether the mailbox has room for a message of that size (`verify = recipient/quota`): `failed` when not, `delivered` when there is or nobody can say. */
  checkQuota?(batch: DeliveryBatch): Promise<readonly DeliveryResult[]>;
  close?(): void;
}

export interface TransportDefinition<T extends OptionTable = OptionTable> {
  readonly family: 'transport';
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  /** Runs as Exim's user and needs hosts; local ones run as the address's user. */
  readonly isRemote: boolean;
  readonly options: T;
  /** The options that every transport has (transports/generic-options.ts). */
  readonly generic?: OptionTable;
  /** Defaults of generic options that differ for this driver (`retry_use_local_part` of local transports). */
  readonly genericDefaults?: Readonly<Record<string, unknown>>;
  readonly create?: (
    set: OptionValues<T>,
    instance: { readonly name: string; readonly generic: Readonly<Record<string, unknown>> },
  ) => TransportBehaviour;
  readonly validate?: (set: OptionValues<T>, generic: Readonly<Record<string, unknown>>) => readonly string[];
}

export function defineTransport<T extends OptionTable>(definition: Omit<TransportDefinition<T>, 'family'>): TransportDefinition<T> {
  return { family: 'transport', ...definition };
}

// ---------------------------------------------------------------- authenticators

export type ServerAuthResult =
  | { readonly kind: 'ok'; readonly values: readonly Text[] }
  | { readonly kind: 'fail'; readonly message?: Octets }
  | { readonly kind: 'defer'; readonly message: Octets /** It is for the client, too. */; readonly isForClient?: boolean }
  /** `*` from the client. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'bad-base64' }
  /** Something came with the AUTH command, and the mechanism has no use for that. */
  | { readonly kind: 'unexpected-data' }
  /** Forced failure of an expansion and the like. */
  | { readonly kind: 'error'; readonly message: Octets };

/** The dialogue of RFC 4954: challenges and answers in octets, base64 is done by receive/ and the smtp transport. */
export interface AuthDialogue {
  /** Sends a 334 (or a client's line) and waits; undefined when the peer cancels or goes away. */
  challenge(octets: Octets): Promise<Octets | undefined | 'bad-base64'>;
}

export type ClientAuthResult =
  | { readonly kind: 'ok' }
  /** Forced failure: try without, or the next authenticator. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'fail'; readonly message: Octets }
  /** We have broken it off, and the server knows that: the next authenticator may be tried. */
  | { readonly kind: 'cancelled'; readonly message: Octets }
  /** A reply that makes no sense here: the host is left alone for the moment. */
  | { readonly kind: 'unexpected' }
  | { readonly kind: 'defer'; readonly message: Octets }
  | { readonly kind: 'error'; readonly message: Octets };

export interface ClientAuthConnection {
  /**
   * Sends `AUTH NAME [initial]` or an answer; the reply's code (2xx, 3xx or 5xx: with any other the connection is `lost`) and text (base64 of a 3xx decoded).
   */
  send(line: Octets): Promise<
    | {
        readonly code: number;
        readonly text: Octets /** A 3xx whose text is none; `text` is the reply as received. */;
        readonly isBadBase64?: boolean;
      }
    | { readonly kind: 'lost'; readonly message: Octets }
  >;
}

export interface AuthenticatorBehaviour {
  /** What should be base 64 and is none counts as wrong data (535), not as a mistake of syntax (501). */
  readonly isWrongBase64Wrong?: boolean;
  server?(initial: Octets | undefined, dialogue: AuthDialogue, frame: Frame): Promise<ServerAuthResult>;
  /** Without a command, when TLS has begun and the client's certificate was verified. */
  ofCertificate?(frame: Frame): Promise<ServerAuthResult>;
  client?(connection: ClientAuthConnection, frame: Frame): Promise<ClientAuthResult>;
}

export interface AuthenticatorDefinition<T extends OptionTable = OptionTable> {
  readonly family: 'authenticator';
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  readonly options: T;
  /** The options that every authenticator has (auth/generic-options.ts). */
  readonly generic?: OptionTable;
  readonly genericDefaults?: Readonly<Record<string, unknown>>;
  readonly create?: (
    set: OptionValues<T>,
    instance: { readonly name: string; readonly generic: Readonly<Record<string, unknown>> },
  ) => AuthenticatorBehaviour;
  readonly validate?: (set: OptionValues<T>, generic: Readonly<Record<string, unknown>>) => readonly string[];
}

export function defineAuthenticator<T extends OptionTable>(
  definition: Omit<AuthenticatorDefinition<T>, 'family'>,
): AuthenticatorDefinition<T> {
  return { family: 'authenticator', ...definition };
}

export type { Connection, Outcome };
