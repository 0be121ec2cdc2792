/** Upward calls: lookups, lists, ACLs, verification and SPF, which lower folders reach through these ports. */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../address.ts';
import type { CalloutOptions } from '../callout.ts';
import type { Config, ListSource } from '../config.ts';
import type { Deadline } from '../deadline.ts';
import type { Frame } from '../frame.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Message } from '../message.ts';
import type { Outcome } from '../outcome.ts';
import type { Services } from '../ports.ts';
import type { Text } from '../text.ts';
import type { LogTarget } from './log.ts';
import type { AcceptedMessage, MessageStore } from './spool.ts';

export interface LookupType {
  readonly name: string;
  readonly options: ReadonlyMap<string, Octets>;
  readonly partial: number | undefined;
  readonly partialAffix: Octets;
  readonly star: 'none' | '*' | '*@';
  readonly isQueryStyle: boolean;
  readonly isFile: boolean;
  /** What may follow the type in `${quote_<type>_…:}`. */
  readonly quoteOptions?: readonly string[];
}

export interface LookupRequest {
  readonly type: LookupType;
  /** Of single-key (file) lookups. */
  readonly file: Text | undefined;
  /** Key or query. */
  readonly key: Text;
}

export type LookupAnswer =
  | {
      readonly kind: 'found';
      readonly value: Text /** What a partial or star matched: index 0 is `$0`, always empty; empty when the lookup sets none. */;
      readonly captures: readonly Text[];
    }
  | { readonly kind: 'not-found' };

export interface Lookups {
  /** `dnsdb`, `partial-lsearch;`…; an error's text is Exim's. */
  parseType(text: Octets): { readonly kind: 'ok'; readonly type: LookupType } | { readonly kind: 'error'; readonly message: string };
  find(request: LookupRequest, frame: Frame): MaybePromise<Outcome<LookupAnswer>>;
  /** `${quote_<type>:}`: undefined when the type has no quoting of its own. */
  quote(typeName: string, text: Octets, options: Octets | undefined): Octets | undefined;
}

export interface ListMatch {
  readonly matched: boolean;
  /** `$domain_data`, `$local_part_data`, `$host_data`, `$sender_data`… */
  readonly data?: Text | undefined;
  /** `$1`… of a regex or `$0`… of a wildcard item that matched. */
  readonly captures?: readonly Text[] | undefined;
}

/** What a host list is matched against. */
export interface HostSubject {
  readonly address: Octets | undefined;
  /** Known name; undefined: the list finds it by PTR when it needs it (`origin` is then filled). */
  readonly name: Octets | undefined;
  readonly aliases?: readonly Octets[];
  /** It is the sending host of this session: its name may be looked up and is kept. */
  readonly isSender: boolean;
}

export interface Lists {
  /** Splits an expanded list at its separator. */
  split(list: Octets): readonly Octets[];
  matchDomain(list: ListSource | Text, domain: Text, frame: Frame): MaybePromise<Outcome<ListMatch>>;
  matchLocalPart(list: ListSource | Text, localPart: Text, frame: Frame, isCaseful: boolean): MaybePromise<Outcome<ListMatch>>;
  /** Address is local_part@domain or ''. */
  matchAddress(list: ListSource | Text, address: Text, frame: Frame, isCaseful?: boolean): MaybePromise<Outcome<ListMatch>>;
  matchHost(list: ListSource | Text, host: HostSubject, frame: Frame): MaybePromise<Outcome<ListMatch>>;
  /** Plain strings: `match_list`-like, `inlisti`. */
  matchString(list: ListSource | Text, subject: Text, frame: Frame): MaybePromise<Outcome<ListMatch>>;
  /** Looks up the name of the session's sending host, once, and keeps it in the session's origin: `$sender_host_name`. */
  findSenderName?(frame: Frame): MaybePromise<void>;
}

export type AclVerdict =
  /** `message` replaces the usual positive reply. */
  | { readonly kind: 'accept'; readonly message?: Octets | undefined }
  | { readonly kind: 'discard'; readonly message?: Octets | undefined; readonly logMessage: Octets | undefined }
  /** `deny`, `require`; `drop` closes the connection. Texts as the ACL set them. */
  | {
      readonly kind: 'fail';
      readonly message: Octets | undefined;
      readonly logMessage: Octets | undefined;
      readonly isDrop: boolean;
      readonly senderVerify?: SenderVerifyFailure | undefined;
      /** `log_reject_target`; absent: main and reject log. */
      readonly logTargets?: readonly LogTarget[] | undefined;
    }
  | {
      readonly kind: 'defer';
      readonly message: Octets | undefined;
      readonly logMessage: Octets | undefined;
      readonly senderVerify?: SenderVerifyFailure | undefined;
      readonly logTargets?: readonly LogTarget[] | undefined;
    }
  /** Configuration error, failed expansion: 451 and a panic-log line. */
  | {
      readonly kind: 'error';
      readonly logMessage: Octets;
      /** Of an ACL that can refuse nothing any more: for the last reply. */
      readonly message?: Octets | undefined;
      readonly logTargets?: readonly LogTarget[] | undefined;
    };

/**
 * A rejection that comes from `verify = sender`: the reply gets lines `Verification failed for <…>` and the details before `message`,
 * the log a line `sender verify fail for <…>: …`.
 */
export interface SenderVerifyFailure {
  readonly address: Octets;
  /** What the peer is told more: its hosts take no bounces, or no mail for postmaster. */
  readonly cause?: 'null-sender' | 'postmaster' | undefined;
  /** Lines for the peer; undefined with `no_details`. */
  readonly details: Octets | undefined;
  /** Empty for a result of an earlier callout. */
  readonly logText: Octets;
  readonly isDefer: boolean;
}

export interface AclCallAnswer {
  readonly accepted: boolean;
  readonly message: Text;
  /** It ended with one of these verbs, which only the caller of a whole ACL can carry out. */
  readonly ends?: 'drop' | 'discard';
}

export interface Acls {
  /** `text` names an ACL, or is one, or a file of one (already expanded). `where` is the phase: `rcpt`, `data`, `not_smtp`… */
  run(where: string, text: Text, args: readonly Text[], frame: Frame): MaybePromise<AclVerdict>;
  /** `${acl{name}{args}}` and the `acl` condition: the message is the value. */
  call(text: Text, args: readonly Text[], frame: Frame): MaybePromise<Outcome<AclCallAnswer>>;
}

export interface VerifyRequest {
  readonly address: Octets;
  readonly isSender: boolean;
  readonly callout?: CalloutOptions | undefined;
  /** Not with a callout. */
  readonly quota?: QuotaOptions | undefined;
  /** Redirection to a single child: the child is verified too. */
  readonly successOnRedirect?: boolean;
}

/** How long results of quota verification are good for; both 0: none is looked for or kept. */
export interface QuotaOptions {
  readonly positiveSeconds: number;
  readonly negativeSeconds: number;
}

export type Verification =
  | {
      readonly kind: 'ok';
      readonly addressData: Text | undefined;
      readonly address?: Address;
      /** A callout was made: its host takes the address, or any address (`random`). */
      readonly calledOut?: 'address' | 'random' | undefined;
    }
  | {
      readonly kind: 'fail' /** for the peer */;
      readonly userMessage: Octets | undefined;
      readonly logMessage: Octets;
      readonly failure: 'qualify' | 'route' | 'mail' | 'recipient' | 'postmaster' | 'quota' | undefined;
      readonly addressData?: Text | undefined;
      /** Not found out now but by an earlier callout. */
      readonly isCached?: boolean;
      /** Its hosts do not take `MAIL FROM:<>`. */
      readonly refusesNullSender?: boolean;
    }
  | {
      readonly kind: 'defer';
      readonly userMessage: Octets | undefined;
      readonly logMessage: Octets;
      readonly addressData?: Text | undefined;
      /** The routers took the address; what could not be completed is the callout. */
      readonly isCallout?: boolean;
    };

export interface Verifier {
  verify(request: VerifyRequest, frame: Frame): Promise<Verification>;
  /**
   * `control = cutthrough_delivery`: asks the recipient's host for it and keeps the connection for the message, in the transaction's state.
   * `refused`: for good; otherwise the message is taken, and delivered later when cutthrough does not work.
   */
  cutThrough(recipient: Octets, frame: Frame): Promise<'taken' | 'refused'>;
}

/** A connection that a callout has kept for the delivery of the message. */
export interface HeldLink {
  /** It is not wanted any more; nothing when a delivery has taken it. */
  close(): Promise<void>;
}

/** A connection to the host of all recipients so far, on which the message goes out while its sender waits, or when it is delivered. */
export interface Cutthrough extends HeldLink {
  /** How many recipients its host has taken. */
  readonly takenCount: number;
  /** Sends the message and logs its deliveries. The connection is closed then. */
  send(message: Message, frame: Frame): Promise<CutthroughResult>;
}

export type CutthroughResult =
  | { readonly kind: 'delivered' }
  /** What the host said: code and text. */
  | { readonly kind: 'failed' | 'deferred'; readonly reply: Octets };

/** `invalid`: there is no domain that could be asked about. */
export type SpfResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'permerror' | 'temperror' | 'invalid';

/** Why a record could not be evaluated. */
export type SpfProblem = 'lookups' | 'void-lookups' | 'several-records' | 'record';

export interface SpfQuestion {
  /** Of the client; undefined without one. */
  readonly address: Octets | undefined;
  /** '' is the null sender: the name in HELO is checked. */
  readonly sender: Octets;
  readonly heloName: Octets;
  /** This host. */
  readonly receiver: Octets;
  /** The record that is assumed for a domain without one. */
  readonly guess?: Octets | undefined;
}

export interface SpfFinding {
  readonly result: SpfResult;
  readonly isGuessed: boolean;
  /** As texts have it: IPv4 where it is one. */
  readonly address: Octets;
  /** What was checked, `postmaster@` the name in HELO for the null sender; and its domain. */
  readonly sender: Octets;
  readonly domain: Octets;
  /** What made it a result: a mechanism that matched, none that did, or that the client is this host. */
  readonly reason?: 'mechanism' | 'default' | 'localhost';
  readonly problem?: SpfProblem;
}

export interface Spf {
  /** Undefined when `address` is none. Ends within 20 s, and rejects only in an installation without its evaluator. RFC 7208. */
  check(question: SpfQuestion, until: Deadline): Promise<SpfFinding | undefined>;
}

/** A bounce, warning or notice that is to be accepted as if Exim's user had submitted it. */
export interface ReportRequest {
  readonly config: Config;
  readonly services: Services;
  readonly store: MessageStore;
  readonly queueName: Octets;
  readonly recipients: readonly Octets[];
  readonly headers: readonly Octets[];
  readonly body: () => AsyncIterable<Uint8Array>;
  /** The message that it is about. */
  readonly reference: string;
}

/** `isQueued`: an ACL has put it on the queue. `refused`: the log has the reason, `status` is that of a submission. */
export type ReportSubmission =
  | { readonly kind: 'accepted'; readonly accepted: AcceptedMessage; readonly isQueued: boolean }
  | { readonly kind: 'refused'; readonly status: number };

export type SubmitReport = (request: ReportRequest) => Promise<ReportSubmission>;
