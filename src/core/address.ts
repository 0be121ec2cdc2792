/** One recipient on its way through routers and transports. Written by routers/, transports/ and deliver/. */
import type { Octets } from '../base/octets.ts';
import type { RouterInstance, TransportInstance } from './drivers.ts';
import type { HostItem } from './ports.ts';
import type { Text } from './text.ts';

export type AddressKind = 'mailbox' | 'file' | 'directory' | 'pipe' | 'autoreply';

export interface Address {
  readonly kind: AddressKind;
  /** local_part@domain with its case as written: for logs and RCPT; for files, pipes: the `/path` or `|command` text. */
  readonly address: Octets;
  /** As written by its parent or in the envelope. */
  readonly original: Octets;
  readonly localPart: Octets;
  readonly domain: Octets;
  /** Exim's unique string, as in -J and for finding duplicates: `/tmp/x/mail/two:multi@test.ex`. */
  readonly unique: Octets;
  /** The address it was redirected from; its chain ends at the envelope recipient. */
  readonly parent?: Address;
  /** Of a recipient that a `one_time` redirection left: the address that it was generated from, for logs. */
  readonly oneTimeParent?: Octets | undefined;
  /** Index in `Message.recipients` of the envelope recipient this descends from. */
  readonly recipientIndex: number;
  readonly inherited: InheritedProperties;
  /** The router at which its routing starts (`redirect_router`, `unseen`, `pass_router`); undefined: the first. */
  readonly startRouter?: string | undefined;
  readonly state: AddressState;
}

/** Passed from parents to children of redirection. */
export interface InheritedProperties {
  readonly errorsTo?: Octets | undefined;
  readonly headersAdd: readonly Octets[];
  readonly headersRemove: readonly Octets[];
  /** From `local_user` routers for pipes and files. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly initgroups?: boolean | undefined;
  readonly home?: Octets | undefined;
  readonly currentDirectory?: Octets | undefined;
  /** Values of `set r_…` options. */
  readonly routerVariables: ReadonlyMap<string, Text>;
  readonly addressData?: Text | undefined;
  /** `forbid`-style limits and `:fail:` rights do not inherit. */
  readonly ignoreErrors?: boolean | undefined;
  /** Reply text, return options etc. of a filter's actions. */
  readonly reply?: ReplyRequest | undefined;
}

/** What a filter's `mail`/`vacation` asks the autoreply transport to do. */
export interface ReplyRequest {
  readonly fields: ReadonlyMap<string, Octets>;
}

/** What routing and delivery found out. */
export interface AddressState {
  prefix?: Octets | undefined;
  prefixVariable?: Octets | undefined;
  suffix?: Octets | undefined;
  suffixVariable?: Octets | undefined;
  domainData?: Text | undefined;
  localPartData?: Text | undefined;
  addressData?: Text | undefined;
  hostData?: Text | undefined;
  home?: Text | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  initgroups?: boolean | undefined;
  currentDirectory?: Octets | undefined;
  /** `$local_user_uid/gid` of check_local_user. */
  localUser?: LocalUser | undefined;
  selfHostname?: Octets | undefined;
  router?: RouterInstance | undefined;
  transport?: TransportInstance | undefined;
  hosts?: readonly HostItem[] | undefined;
  fallbackHosts?: readonly HostItem[] | undefined;
  /** Others of the same message that led here too and share its fate, for `Envelope-to:`. */
  duplicates?: Address[];
  errorsTo?: Octets | undefined;
  headersAdd: Octets[];
  headersRemove: Octets[];
  readonly routerVariables: Map<string, Text>;
  /** The host of a remote delivery in progress: `$host`, `$host_address`, `$host_port`. */
  host?: HostItem | undefined;
  isDnsSecure?: boolean | undefined;
  /** Mode of a file that a filter's `save` asked for. */
  fileMode?: number | undefined;
  /** The router put its hosts into random order already. */
  isRandomizedHosts?: boolean | undefined;
  /** `$address_file`, `$address_pipe`, `$address_directory`. */
  fileName?: Text | undefined;
}

export interface LocalUser {
  readonly name: Octets;
  readonly uid: number;
  readonly gid: number;
  readonly home: Octets;
  readonly gecos: Octets;
}
