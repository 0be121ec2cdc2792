/** What a command line asks for, before any configuration is read. Spec ch. 5 "The Exim command line". */
import type { Octets } from '../base/octets.ts';

export type Mode =
  | { readonly kind: 'receive' }
  | { readonly kind: 'smtp' }
  | { readonly kind: 'batch-smtp' }
  | { readonly kind: 'daemon'; readonly isForeground: boolean }
  /** The listening socket is standard input; undefined: no end for want of connections. */
  | { readonly kind: 'inetd-wait'; readonly idleSeconds: number | undefined }
  | { readonly kind: 'queue-run' }
  | { readonly kind: 'host-test'; readonly host: Octets; readonly withCallouts: boolean }
  | { readonly kind: 'address-test' }
  | { readonly kind: 'verify'; readonly isSender: boolean }
  | { readonly kind: 'expand'; readonly messageFile?: Octets }
  | { readonly kind: 'list-queue'; readonly what: 'all' | 'count' | 'undelivered' | 'all-addresses' | 'ids'; readonly isUnsorted: boolean }
  | { readonly kind: 'print-options' }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | {
      readonly kind: 'message-action';
      readonly option: string;
      readonly action: MessageAction;
      readonly id: Octets /** Of -MG. */;
      readonly queue?: Octets;
    }
  | { readonly kind: 'filter-test'; readonly file: Octets; readonly isSystem: boolean }
  | { readonly kind: 'retry-test' }
  | { readonly kind: 'rewrite-test' }
  | { readonly kind: 'newaliases' }
  | { readonly kind: 'information'; readonly topic: Octets }
  | { readonly kind: 'log-line'; readonly text: Octets }
  | { readonly kind: 'atrn'; readonly host: Octets; readonly domains: Octets }
  | { readonly kind: 'remove-pid-file' }
  | { readonly kind: 'malware'; readonly file: Octets }
  | { readonly kind: 'not-yet'; readonly option: Octets };

export type MessageAction =
  | 'deliver'
  | 'deliver-if-due'
  | 'remove'
  | 'freeze'
  | 'thaw'
  | 'give-up'
  | 'mark-all-delivered'
  | 'mark-delivered'
  | 'add-recipient'
  | 'edit-sender'
  | 'view-header'
  | 'view-body'
  | 'view-log'
  | 'view-copy'
  | 'move';

/** Which messages a queue run takes. Spec ch. 5 `-q<…>`. */
export interface QueueSelection {
  readonly isTwoStage: boolean;
  readonly isFirstOnly: boolean;
  /** `f`: retry times do not count; `ff`: frozen messages too. */
  readonly force: 'no' | 'retry' | 'frozen';
  readonly isLocalOnly: boolean;
  readonly queueName: Octets;
  readonly fromId?: Octets | undefined;
  readonly toId?: Octets | undefined;
  /** Seconds between runs of a daemon; undefined for a single run. */
  readonly intervalSeconds?: number | undefined;
}

/** `-R` and `-S`. */
export interface AddressSelection {
  readonly text: Octets;
  readonly isRegex: boolean;
  readonly force: 'no' | 'retry' | 'frozen';
}

/** `-oem` and `-oew`, `-oep` and `-oeq`, `-oee`. */
export type ErrorMode = 'mail' | 'print' | 'mail-exit-0';

/** Every setting has its default; what the option means is applied by the mode. */
export interface Invocation {
  readonly calledAs: string;
  readonly mode: Mode | undefined;
  readonly configFiles: readonly Octets[] | undefined;
  readonly macros: readonly (readonly [name: string, text: Octets])[];
  /** Categories of `-d`; undefined: no debugging output. */
  readonly debug: ReadonlySet<string> | undefined;
  readonly isVerbose: boolean;
  /** Words after the options: recipients, addresses, ids, option names. */
  readonly words: readonly Octets[];
  /** `-n`: -bP shows values without names. */
  readonly isValueOnly: boolean;
  /** Of the last `-q`, and of all of them: a daemon runs several queues. */
  readonly queue: QueueSelection | undefined;
  readonly queueRuns: readonly QueueSelection[];
  readonly selectRecipient: AddressSelection | undefined;
  readonly selectSender: AddressSelection | undefined;
  readonly listen: { readonly interfaces: Octets | undefined; readonly pidFile: Octets | undefined; readonly tlsOnConnect: boolean };
  /** `-f`; `<>` is ''. */
  readonly sender: Octets | undefined;
  readonly fullName: Octets | undefined;
  readonly isDotNotEnd: boolean;
  readonly takesRecipientsFromHeaders: boolean;
  readonly delivery: 'default' | 'background' | 'foreground' | 'queue' | 'queue-smtp';
  readonly errors: ErrorMode;
  readonly isRehearsal: boolean;
  readonly noQualify: boolean;
  /** `-G`: somebody else's message, which is passed on as it is. */
  readonly isGatewayed: boolean;
  /** `-E`: a bounce made here. */
  readonly isLocalError: boolean;
  readonly bounceProtocol: Octets | undefined;
  readonly origin: OriginOptions;
  /** `-or`, `-os`. */
  readonly receiveTimeoutSeconds: number | undefined;
  readonly smtpReceiveTimeoutSeconds: number | undefined;
  readonly dsn: { readonly notify?: Octets; readonly ret?: Octets; readonly envid?: Octets };
  readonly minusN: boolean;
  /** `-Mset`: expansions of -be see this message. */
  readonly loadedMessage: Octets | undefined;
  readonly perlAtStart: boolean | undefined;
  readonly logTag: Octets | undefined;
  readonly filterTest: { readonly domain?: Octets; readonly localPart?: Octets; readonly prefix?: Octets; readonly suffix?: Octets };
}

/** `-oMa` and its relatives: what a trusted caller says about the origin. */
export interface OriginOptions {
  readonly hostAddress?: Octets;
  readonly authenticator?: Octets;
  readonly authenticatedId?: Octets;
  readonly authenticatedSender?: Octets;
  readonly interfaceAddress?: Octets;
  readonly messageReference?: Octets;
  readonly protocol?: Octets;
  readonly hostName?: Octets;
  readonly ident?: Octets;
}
