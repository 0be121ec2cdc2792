/**
 * Lifetimes of reception: Session (one connection or one local submission) and Transaction (one MAIL FROM).
 * Facts are readonly; what changes lives in exactly one state record a lifetime, written only by its owner (receive/, and acl/ for `set`).
 */
import type { Octets } from '../base/octets.ts';
import type { ContentScan, SpamResult } from './content-scan.ts';
import type { Deadline } from './deadline.ts';
import type { DkimState } from './dkim.ts';
import type { Body, HeaderLine, Recipient } from './message.ts';
import type { Cutthrough, LogTarget, SessionDebug, Verification } from './ports.ts';
import type { Text } from './text.ts';

/** How mail comes in. */
export type ReceptionMode = 'smtp-tcp' | 'smtp-local' | 'smtp-batch' | 'command-line';

/** Facts of a TLS session, one direction. Empty strings read as unset variables. */
export interface TlsFacts {
  /** As Exim logs it: `TLS1.3:TLS_AES_256_GCM_SHA384:256`. */
  readonly cipher: Octets;
  /** `$tls_in_cipher_std`: `TLS_AES_256_GCM_SHA384`. */
  readonly cipherStandardName: Octets;
  /** `TLS1.3`. */
  readonly version: Octets;
  readonly bits: number;
  readonly peerDn: Octets;
  readonly sni: Octets;
  readonly certificateVerified: boolean;
  /** False when the peer was not asked for a certificate: the log then says nothing of it. */
  readonly wasVerificationTried?: boolean;
  /** DER. */
  readonly ourCertificate?: Uint8Array;
  readonly peerCertificate?: Uint8Array;
  readonly resumption: number;
  readonly channelBinding?: Octets;
}

/** A proxy in front of us (`hosts_proxy`, XCLIENT): the host that spoke to us, and where the client spoke to it. Empty with 0: not told. */
export interface ProxyFacts {
  readonly localAddress: Octets;
  readonly localPort: number;
  readonly externalAddress: Octets;
  readonly externalPort: number;
}

/** Who called the program on the command line (or over the submission socket). */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly login: Octets;
  /** Full name from gecos, after gecos_pattern. */
  readonly fullName: Octets;
  readonly home: Octets;
  /** Root, the Exim user, or in trusted_users/trusted_groups. */
  readonly isTrusted: boolean;
  /** Root, the Exim user, or a member of admin_groups. */
  readonly isAdmin: boolean;
}

/**
 * Where a message came from. A live Session fills it step by step; an accepted Message owns a copy, which is what -H holds.
 * `aclC` are the `$acl_c…` values.
 */
export interface Origin {
  /** `$sender_host_address`; undefined for local submission without -oMa. */
  hostAddress?: Octets | undefined;
  hostPort?: number | undefined;
  /** `$connection_id`, in decimal digits; of a session only, not in -H. */
  connectionId?: Octets | undefined;
  /** `$sender_host_name` as found by PTR with forward check; undefined when not (yet) found. */
  hostName?: Octets | undefined;
  hostAliases?: readonly Octets[] | undefined;
  /** `no` until looked up. */
  hostLookup?: 'no' | 'found' | 'failed' | 'deferred' | undefined;
  hostDnssec?: boolean | undefined;
  /** With `hostLookup` failed: there were names, but none has the host's address. */
  hostNameMismatch?: Octets | undefined;
  /** `$received_ip_address`, `$received_port`, of our end. */
  interfaceAddress?: Octets | undefined;
  interfacePort?: number | undefined;
  /** `$sender_helo_name`. */
  heloName?: Octets | undefined;
  heloVerified?: boolean | undefined;
  /** `$received_protocol`: smtp esmtp esmtps esmtpa esmtpsa local local-esmtp … */
  protocol?: Octets | undefined;
  /** `$sender_ident`: RFC 1413, or the login of a local caller. */
  ident?: Octets | undefined;
  /** `$authenticated_id`, `$authenticated_sender`, `$sender_host_authenticated` (the authenticator's name). */
  authenticatedId?: Octets | undefined;
  authenticatedSender?: Octets | undefined;
  authenticatorName?: Octets | undefined;
  /** Its `public_name`, for `${authresults`. */
  authenticatorPublicName?: Octets | undefined;
  tls?: TlsFacts | undefined;
  /** `$proxy_…`; of a session only, not in -H. Undefined without a proxy. */
  proxy?: ProxyFacts | undefined;
  activeHostname?: Octets | undefined;
  /** Not over TCP/IP (-H `-local`). */
  isLocal: boolean;
  /** In `smtp_…_hosts` for unqualified addresses. */
  allowUnqualifiedSender?: boolean | undefined;
  allowUnqualifiedRecipient?: boolean | undefined;
  callerUid: number;
  callerGid: number;
  callerLogin: Octets;
  readonly aclC: Map<string, Text>;
}

/** Options of the command line that hold for every message it submits. */
export interface CommandLineFacts {
  /** `-F`: replaces the caller's name. */
  readonly fullName?: Octets | undefined;
  /** `-oMm`, `-E`: the message that a bounce is about. */
  readonly reference?: string | undefined;
  /** `-E`: it is a bounce. */
  readonly isLocalError?: boolean;
  /** In place of `local`: of rmail. */
  readonly protocol?: Octets;
  /** `-G`: no fix-ups. */
  readonly isGatewayed?: boolean;
  /** `-bnq`: unqualified addresses are refused in the envelope and stay in header lines. */
  readonly keepsUnqualified?: boolean;
}

export interface Session {
  readonly mode: ReceptionMode;
  /** For log lines and `-d`. */
  readonly connectionNumber: number;
  readonly startedAtMs: number;
  /** Set for command-line modes. */
  readonly caller?: Caller;
  readonly commandLine?: CommandLineFacts;
  /** `-bh`, `-bv`, `-bt`: nothing is written. */
  readonly isRehearsal: boolean;
  /** `-bhc`: callouts are made although it is a rehearsal. */
  readonly makesCallouts?: boolean;
  /** `$smtp_count_at_connection_start`: connections of the daemon, this one included. */
  readonly connectionCount?: number;
  /** `$connection_id`. */
  readonly connectionId?: Octets;
  readonly until: Deadline;
  readonly state: SessionState;
}

export interface SessionState {
  readonly origin: Origin;
  /** `$smtp_command`, `$smtp_command_argument`. */
  command?: Octets | undefined;
  commandArgument?: Octets | undefined;
  commandHistory: Octets[];
  /** Warnings of ACLs in the log since the last transaction began or ended. */
  readonly warningsLogged?: Set<Octets>;
  messagesAccepted: number;
  /** The load average that was too high for deliveries at once, for the rest of the session (`queue_only_load_latch`). */
  queueingLoad?: number;
  /** Where messages go that are begun from now on (ACL modifier `queue`). */
  queueName?: Octets;
  esmtp: boolean;
  quitReason?: Octets | undefined;
  /** `$authentication_failed`: an AUTH command did not succeed; `$authenticated_fail_id`: who it was for. */
  authenticationFailed?: boolean | undefined;
  authenticatedFailId?: Octets | undefined;
  /** Sends the replies that are held back for pipelining; set by the session. */
  flushReplies?: (() => Promise<void>) | undefined;
  /** `control = debug`. */
  debug?: SessionDebug | undefined;
  /** Set by `control = …` for the connection. */
  readonly controls: Map<string, Octets>;
  /** Rates that `ratelimit` has measured, by key: of the connection, outside of messages, of the command that is being obeyed. */
  rates?: {
    readonly connection: Map<Octets, number>;
    readonly betweenMessages: Map<Octets, number>;
    readonly command: Map<Octets, number>;
  };
  readonly results: Results;
}

export interface Transaction {
  readonly number: number;
  readonly state: TransactionState;
}

/** A message being received; becomes a Message at acceptance. Satisfies {@link Mail}. */
export interface TransactionState {
  /** The id it will have; chosen when reception of the message begins. */
  id?: string | undefined;
  /** Undefined before MAIL; '' is the null sender. */
  sender?: Octets | undefined;
  /** As given, before rewriting. */
  rawSender?: Octets | undefined;
  recipients: Recipient[];
  /** `$rcpt_count`, `$rcpt_fail_count`, `$rcpt_defer_count`. */
  rcptCount: number;
  rcptFailCount: number;
  rcptDeferCount: number;
  /** The recipient that is being checked (RCPT ACL): `$local_part`, `$domain`, `$address`… */
  currentRecipient?: CurrentRecipient | undefined;
  headers: HeaderLine[];
  /** Added by `add_header` / removed by `remove_header` before the message's own are there. */
  addedHeaders: AddedHeader[];
  removedHeaders: Octets[];
  body?: Body | undefined;
  /** Octets of headers and body as received. */
  size: number;
  /** SIZE= of MAIL FROM; -1 when not given. */
  declaredSize: number;
  bodyLineCount: number;
  /** Lines of header and body with the one between them, as they came. */
  receivedLineCount?: number;
  bodyZeroCount: number;
  maxReceivedLineLength: number;
  receivedAtMs: number;
  bodyType: '' | '7BIT' | '8BITMIME';
  isUtf8: boolean;
  /** `$local_scan_data`: what local_scan() said when it took the message. */
  localScanData?: Octets | undefined;
  dsn: DsnRequest;
  /** AUTH= of MAIL FROM. */
  readonly aclM: Map<string, Text>;
  /** `control = submission, freeze, queue_only, suppress_local_fixups, fakereject…` with their arguments. */
  readonly controls: Map<string, Octets>;
  /** Senders that were verified without a callout, by address: kept, because several recipients ask for them. */
  readonly senderVerifications?: Map<Octets, Verification>;
  /** Bad senders whose verification a refusal has told of: later ones do not repeat it. */
  readonly sendersTold: Set<Octets>;
  /** Texts of `warn … log_message` already written for this message. */
  readonly warningsLogged: Set<Octets>;
  /** A callout's connection, where the message goes while it is received or just afterwards; `off` when that did not work for some recipient. */
  cutthrough?: Cutthrough | 'off' | undefined;
  /** Its DKIM signatures, once they have been verified. */
  dkim?: DkimState;
  /** When something has looked into the message: its copy for scanners, and its parts. */
  scan?: ContentScan | undefined;
  /** Rates that `ratelimit` has measured for this message, by key. */
  rates?: Map<Octets, number>;
  readonly results: Results;
}

export interface CurrentRecipient {
  readonly address: Octets;
  /** In lower case unless `control = caseful_local_part`. */
  readonly localPart: Octets;
  readonly domain: Octets;
  /** As the client gave it. */
  readonly originalLocalPart?: Octets;
}

export interface AddedHeader {
  readonly text: Octets;
  /** `:after_received:`, `:at_start:`, `:at_end:`, `:at_start_rfc:`. */
  readonly position: 'after-received' | 'at-start' | 'at-end' | 'at-start-rfc';
}

export interface DsnRequest {
  readonly envid?: Octets | undefined;
  readonly ret?: 'FULL' | 'HDRS' | undefined;
}

/** What the last SPF check of a message found: `$spf_…`. */
export interface SpfResults {
  readonly result: Octets;
  readonly isGuessed: boolean;
  readonly received: Octets;
  readonly headerComment: Octets;
  readonly smtpComment: Octets;
  readonly usedDomain: Octets;
  /** What it was asked for: another question is another check. */
  readonly question: Octets;
}

/** Named slots for variables that are results. One record per owner (session, transaction, delivery, command line). */
export interface Results {
  runrc?: number;
  expandStringMessage?: Octets;
  searchErrorMessage?: Octets;
  aclVerifyMessage?: Octets;
  senderVerifyFailure?: Octets | undefined;
  recipientVerifyFailure?: Octets | undefined;
  dnslistDomain?: Text;
  dnslistMatched?: Text;
  dnslistText?: Text;
  dnslistValue?: Text;
  domainData?: Text | undefined;
  localPartData?: Text | undefined;
  hostData?: Text;
  senderData?: Text;
  /** `$address_data` of the last sender that was verified. */
  senderAddressData?: Text | undefined;
  /** `$address_data` of the last recipient that was verified. */
  addressData?: Text;
  recipientData?: Text;
  senderRate?: Octets;
  senderRateLimit?: Octets;
  senderRatePeriod?: Octets;
  prvscheckAddress?: Text;
  prvscheckKeynum?: Text;
  prvscheckResult?: Text;
  lookupDnssecAuthenticated?: Octets;
  regexMatchString?: Text | undefined;
  /** `$regex1`… of the last `regex` or `mime_regex`. */
  regexCaptures?: readonly Text[];
  warnMessageId?: Octets;
  /** `log_reject_target` of the ACL that runs. */
  logRejectTargets?: readonly LogTarget[] | undefined;
  callerVerified?: Octets;
  callbackFailure?: Octets;
  /** Of the last callout: `[192.0.2.1]:25`. */
  calloutAddress?: Octets;
  csaStatus?: Octets;
  malwareName?: Octets | undefined;
  /** What the last spam scanner said. */
  spam?: SpamResult | undefined;
  spf?: SpfResults;
  /** `$auth1`…, `$1`… of an authenticator being evaluated. */
  auth?: readonly Text[];
  srsRecipient?: Text;
  /** Answers of `${readsocket` that were asked with `cache=yes`, by socket and request. */
  socketAnswers?: Map<Octets, Octets>;
}
