/**
 * The ports to the outside and upwards. `system/`, `hints/`, `lookups/`, … implement them; `cli/` and `process/` wire them; tests use real
 * small implementations (`FakeDns`, `FakeClock`, `MemoryFiles`). Every call that may wait takes `until`.
 */
import type { Octets } from '../base/octets.ts';
import type { Address } from './address.ts';
import type { BuildSettings } from './build-settings.ts';
import type { CalloutOptions } from './callout.ts';
import type { ListSource } from './config.ts';
import type { Deadline } from './deadline.ts';
import type { DeliveryBatch, DeliveryResult } from './drivers.ts';
import type { Frame } from './frame.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Body, Message } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { TlsFacts } from './session.ts';
import type { Text } from './text.ts';

export interface Services {
  readonly clock: Clock;
  readonly files: Files;
  readonly dns: Dns;
  readonly hosts: Hosts;
  readonly accounts: Accounts;
  readonly net: Net;
  /** During deliveries over a connection that was turned around (ATRN): `$atrn_mode`, `$atrn_host`. */
  readonly odmr?: { readonly mode: 'P' | 'C'; readonly host: Octets } | undefined;
  readonly spawner: Spawner;
  readonly perl: Perl;
  readonly pam: Pam;
  readonly modules: Modules;
  readonly userActions: UserActions;
  readonly hints: Hints;
  readonly log: Log;
  readonly regexes: Regexes;
  readonly random: Random;
  readonly crypt: Crypt;
  readonly lookups: Lookups;
  readonly lists: Lists;
  readonly acls: Acls;
  readonly verifier: Verifier;
  readonly machine: Machine;
  /** What `keep_environment` and `add_environment` leave; programs that are run get this. */
  readonly environment: ReadonlyMap<string, Octets>;
  readonly build: BuildSettings;
  /** How many messages are queued: of a process that knows the spool, and undefined without a daemon. */
  readonly queueSize?: ((until: Deadline) => MaybePromise<number | undefined>) | undefined;
  /** What a log line about a session begins with: `H=… `, with a space behind it; '' where there is none (logging/lines/sender). */
  readonly logPrefix: (frame: Frame) => Octets;
}

// ---------------------------------------------------------------- time, chance, machine

export interface Clock {
  /** Milliseconds since the epoch, with fraction where known. */
  now(): number;
  /** For deadlines and durations. */
  monotonicMs(): number;
  /** Seconds east of UTC of zone at the instant; zone '' is the system's (IANA names and POSIX rules). */
  localOffsetSeconds(zone: Octets, atMs: number): number;
  /** Resolves when the time is over or the deadline ends (never rejects). */
  sleep(ms: number, until: Deadline): Promise<void>;
}

export interface Random {
  /** 0 <= n < limit. */
  below(limit: number): number;
  bytes(count: number): Uint8Array;
}

export interface Machine {
  readonly pid: number;
  /** uname's node name. */
  readonly hostName: Octets;
  loadAverage(): number;
  /** Processors that this process may use. */
  processors(): number;
  /** Addresses of the local interfaces. */
  interfaceAddresses(): readonly Octets[];
  environment(): ReadonlyMap<string, Octets>;
  realUid(): number;
  effectiveUid(): number;
  effectiveGid(): number;
  /** Free space in KiB and free inodes of the file system that holds path; -1 when unknown. */
  freeSpace(path: Octets): { readonly kib: number; readonly inodes: number };
}

// ---------------------------------------------------------------- files

/** `ENOENT`, `EACCES`, …; only system/ reads Node's error codes. */
export interface SystemFailure {
  readonly kind: 'error';
  /** errno's name. */
  readonly errno: string;
  /** strerror's text: `No such file or directory`. */
  readonly reason: string;
}

export type SystemResult<T> = { readonly kind: 'ok'; readonly value: T } | SystemFailure;

export interface FileFacts {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character' | 'block';
  /** Permission bits only. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly links: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export type OpenMode = 'read' | 'write' | 'append' | 'create' | 'create-exclusive' | 'read-write' | 'read-write-create';

/** An open file. Metadata calls and writes up to 64 KiB are synchronous, fsync and big transfers go to the thread pool (DESIGN 5). */
export interface OpenFile {
  readonly fd: number;
  readonly path: Octets;
  facts(): SystemResult<FileFacts>;
  read(buffer: Uint8Array, position?: number): SystemResult<number>;
  /** Writes all of it, synchronously. */
  write(bytes: Uint8Array): SystemResult<void>;
  /** In the thread pool; for more than 64 KiB. */
  writeAsync(bytes: Uint8Array): Promise<SystemResult<void>>;
  readAsync(buffer: Uint8Array, position?: number): Promise<SystemResult<number>>;
  truncate(sizeBytes: number): SystemResult<void>;
  chmod(mode: number): SystemResult<void>;
  chown(uid: number, gid: number): SystemResult<void>;
  setTimes(atimeMs: number, mtimeMs: number): SystemResult<void>;
  fsync(): Promise<SystemResult<void>>;
  /**
   * An open-file-description lock on `length` bytes from `start` (0 = to the end); respected by fcntl locks of other programs.
   * `would-block` when another holds it; `unsupported` without native calls.
   */
  lock(kind: 'shared' | 'exclusive' | 'unlock', start: number, length: number): 'ok' | 'would-block' | 'unsupported' | SystemFailure;
  close(): void;
}

export interface Files {
  stat(path: Octets): SystemResult<FileFacts>;
  lstat(path: Octets): SystemResult<FileFacts>;
  /** access(2) as the process. */
  access(path: Octets, mode: 'read' | 'write' | 'execute'): SystemResult<void>;
  /** Whole content; a failure of errno EFBIG above the limit. */
  readFile(path: Octets, limitBytes?: number): SystemResult<Buffer>;
  /** In the thread pool. */
  readFileAsync(path: Octets, limitBytes?: number): Promise<SystemResult<Buffer>>;
  /** Names without `.` and `..`. */
  list(path: Octets): SystemResult<readonly Octets[]>;
  /** `mode` for files that are created; symlinks are followed unless `noFollow`. */
  open(path: Octets, how: OpenMode, mode?: number, noFollow?: boolean): SystemResult<OpenFile>;
  mkdir(path: Octets, mode: number): SystemResult<void>;
  rename(from: Octets, to: Octets): SystemResult<void>;
  link(from: Octets, to: Octets): SystemResult<void>;
  symlink(target: Octets, path: Octets): SystemResult<void>;
  readlink(path: Octets): SystemResult<Octets>;
  realpath(path: Octets): SystemResult<Octets>;
  unlink(path: Octets): SystemResult<void>;
  rmdir(path: Octets): SystemResult<void>;
  chmod(path: Octets, mode: number): SystemResult<void>;
  chown(path: Octets, uid: number, gid: number): SystemResult<void>;
  setTimes(path: Octets, atimeMs: number, mtimeMs: number): SystemResult<void>;
  /** Makes names in it durable; one running fsync of a directory serves all that waited for one. */
  fsyncDirectory(path: Octets): Promise<SystemResult<void>>;
}

// ---------------------------------------------------------------- DNS, hosts, accounts

export type DnsType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'PTR' | 'CNAME' | 'NS' | 'SOA' | 'SRV' | 'TLSA' | 'SPF' | 'CSA' | 'ANY';

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: Octets; readonly ttl: number; readonly address: Octets }
  | { readonly type: 'MX'; readonly name: Octets; readonly ttl: number; readonly preference: number; readonly exchange: Octets }
  | { readonly type: 'TXT' | 'SPF'; readonly name: Octets; readonly ttl: number; readonly chunks: readonly Octets[] }
  | { readonly type: 'PTR' | 'CNAME' | 'NS'; readonly name: Octets; readonly ttl: number; readonly target: Octets }
  | {
      readonly type: 'SRV';
      readonly name: Octets;
      readonly ttl: number;
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: Octets;
    }
  | {
      readonly type: 'SOA';
      readonly name: Octets;
      readonly ttl: number;
      readonly primary: Octets;
      readonly responsible: Octets;
      readonly serial: number;
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      readonly minimum: number;
    }
  | {
      readonly type: 'TLSA';
      readonly name: Octets;
      readonly ttl: number;
      readonly usage: number;
      readonly selector: number;
      readonly matchingType: number;
      readonly data: Uint8Array;
    };

export type DnsAnswer =
  /** Records of the wanted type after following CNAMEs; `name` is the name they stand under. */
  | {
      readonly kind: 'found';
      readonly name: Octets;
      readonly records: readonly DnsRecord[];
      readonly isAuthenticated: boolean;
      readonly isAuthoritative: boolean;
    }
  /** The name does not exist (NXDOMAIN). */
  | { readonly kind: 'no-name'; readonly isAuthenticated: boolean }
  /** The name exists but has no record of this type. */
  | { readonly kind: 'no-data'; readonly isAuthenticated: boolean }
  /** Try again: SERVFAIL, timeout. */
  | { readonly kind: 'again'; readonly message: string }
  /** REFUSED, FORMERR, a malformed name. */
  | { readonly kind: 'fail'; readonly message: string };

/** Per-call settings; what is absent comes from the configuration (`dns_retrans`, …). */
export interface DnsOptions {
  readonly retransMs?: number;
  readonly retries?: number;
  /** Ask for AD. */
  readonly dnssec?: boolean;
}

export interface Dns {
  /** Names in octets without a final dot; caches by TTL, negative answers too. */
  resolve(name: Octets, type: DnsType, until: Deadline, options?: DnsOptions): MaybePromise<DnsAnswer>;
  /** `search` of resolv.conf(5): `resolve` does not look at them. */
  searchDomains?(): readonly Octets[];
}

/** A host to contact, or one found. */
export interface HostItem {
  readonly name: Octets;
  /** Undefined until its address was found. */
  readonly address?: Octets | undefined;
  /** MX preference; undefined when not from an MX record. */
  readonly mx?: number | undefined;
  readonly port?: number | undefined;
  /** Random tie breaker among equals. */
  readonly sortKey?: number | undefined;
  readonly isDnsSecure?: boolean | undefined;
  /** `MX=none`-like separators of manualroute's `+` groups. */
  readonly isGroupEnd?: boolean | undefined;
}

export type HostLookup =
  | {
      readonly kind: 'found';
      readonly name: Octets;
      readonly aliases: readonly Octets[];
      readonly addresses: readonly Octets[];
      readonly isAuthenticated: boolean;
    }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'again'; readonly message: string };

export interface Hosts {
  /** /etc/hosts (re-read when changed), then the system's resolver: getaddrinfo's view. */
  byName(name: Octets, family: 0 | 4 | 6, until: Deadline): MaybePromise<HostLookup>;
  /** /etc/hosts only for an address, for `host_lookup_order = byaddr`. */
  byAddress(address: Octets, until: Deadline): MaybePromise<HostLookup>;
}

export interface UserFacts {
  readonly name: Octets;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: Octets;
  readonly home: Octets;
  readonly shell: Octets;
}

export interface GroupFacts {
  readonly name: Octets;
  readonly gid: number;
  readonly members: readonly Octets[];
}

/** A failing service is a defer, never "unknown user": `undefined` means that the user does not exist. */
export interface Accounts {
  userByName(name: Octets): Outcome<UserFacts | undefined>;
  userById(uid: number): Outcome<UserFacts | undefined>;
  groupByName(name: Octets): Outcome<GroupFacts | undefined>;
  groupById(gid: number): Outcome<GroupFacts | undefined>;
  /** Supplementary groups as initgroups would set them, `gid` included. */
  groupsOf(name: Octets, gid: number): Outcome<readonly number[]>;
}

/** crypt(3): undefined when the scheme is not supported here. In the thread pool where it is slow. */
export interface Crypt {
  crypt(password: Octets, setting: Octets): MaybePromise<Outcome<Octets>>;
}

// ---------------------------------------------------------------- network

export interface ConnectRequest {
  /** An IP address, or the path of a Unix socket. */
  readonly address: Octets;
  /** 0 for a Unix socket. */
  readonly port: number;
  readonly interface?: Octets | undefined;
  readonly keepAlive?: boolean;
  readonly timeoutMs: number;
}

export interface ConnectFailure {
  readonly kind: 'error';
  readonly errno: string;
  readonly reason: string;
  readonly isTimeout: boolean;
}

export interface TlsClientRequest {
  readonly host: Octets;
  readonly sni?: Octets | undefined;
  readonly certificateFile?: Octets | undefined;
  readonly keyFile?: Octets | undefined;
  /** A file, a directory, `system`, or '' for none. */
  readonly verifyCertificates?: Octets | undefined;
  readonly crlFile?: Octets | undefined;
  readonly ciphers?: Octets | undefined;
  readonly options?: Octets | undefined;
  readonly alpn?: readonly Octets[] | undefined;
  /** Without an agreed name there is no session. */
  readonly requiresAlpn?: boolean;
  /** Names the certificate must be for; empty: any. */
  readonly verifyNames: readonly Octets[];
  /** Refuse an unverified peer. */
  readonly mustVerify: boolean;
  /** Look at the certificate although an unverified one is taken. */
  readonly tryVerify: boolean;
  readonly minDhBits?: number | undefined;
}

export interface TlsServerRequest {
  readonly certificateFile: Octets;
  readonly keyFile: Octets;
  readonly verifyCertificates?: Octets | undefined;
  readonly crlFile?: Octets | undefined;
  readonly ciphers?: Octets | undefined;
  readonly options?: Octets | undefined;
  readonly dhParam?: Octets | undefined;
  readonly eccurve?: Octets | undefined;
  /** Names that a client may ask for, one at a time; undefined: whatever it asks for is passed over. */
  readonly alpn?: readonly Octets[] | undefined;
  /** A client that asks for none gets no session. */
  readonly requiresAlpn?: boolean;
  /** Ask the client for a certificate, and refuse one that does not verify when `require`. */
  readonly clientCertificate: 'none' | 'try' | 'require';
  /** For a name that the client sends (SNI): another request, when tls_certificate or the like depend on `$tls_in_sni`; undefined to keep this one. */
  readonly forServerName?: ((name: Octets) => Promise<TlsServerRequest | undefined>) | undefined;
}

export interface TlsStarted {
  readonly kind: 'ok';
  readonly facts: TlsFacts;
  /** The peer's certificate did not verify but was taken (`tryVerify`, `clientCertificate: 'try'`): what Exim logs. */
  readonly verifyError?: Octets | undefined;
}

/** Never a thrown error: what the log line needs. */
export interface TlsFailure {
  readonly kind: 'error';
  /** As Exim logs it: `(SSL_accept): error:0A0000C1:SSL routines::no shared cipher`, `(SSL_connect): timed out`. */
  readonly message: Octets;
  /** The peer said nothing for too long. */
  readonly isTimeout?: true;
  /** What Exim logs on a line of its own before: `SSL verify error: depth=0 error=certificate has expired cert=/CN=x`. */
  readonly verifyError?: Octets | undefined;
}

/**
 * A stream of octets with backpressure. At most one read waits at a time.
 * Used by SMTP server and client, callouts, readsocket, LMTP.
 */
export interface Connection {
  readonly remoteAddress: Octets;
  readonly remotePort: number;
  readonly localAddress: Octets;
  readonly localPort: number;
  readonly tls: TlsFacts | undefined;
  /** The next octets that arrived; `end` at the peer's end of stream; `timeout` when the deadline ended. */
  read(until: Deadline): Promise<ReadResult>;
  /** Octets that were received and not yet read, without waiting: for synchronisation checks. */
  readonly bufferedBytes: number;
  /** The peer sends no more, or is gone, as far as is known by now; there may be something left to read. */
  readonly hasEnded?: boolean;
  /** Throws away what was received and not read (before TLS). */
  discardBuffered(): void;
  /** Takes back octets that were read too far: they come first again. */
  unread(bytes: Buffer): void;
  /** Queues; resolves when the kernel has taken enough that more may be written. */
  write(bytes: Uint8Array | Octets, until: Deadline): Promise<SystemResult<void> | { readonly kind: 'timeout' }>;
  /** What would make every handshake fail (certificate, key, options): known before the peer is told to begin. */
  serverTlsProblem(request: TlsServerRequest): TlsFailure | undefined;
  startServerTls(request: TlsServerRequest, until: Deadline): Promise<TlsStarted | TlsFailure>;
  startClientTls(request: TlsClientRequest, until: Deadline): Promise<TlsStarted | TlsFailure>;
  /** Half close: no more writes. */
  end(): void;
  /** At once. */
  close(): void;
}

export type ReadResult =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'timeout' }
  | SystemFailure;

export interface Net {
  connect(request: ConnectRequest, until: Deadline): Promise<{ readonly kind: 'ok'; readonly connection: Connection } | ConnectFailure>;
  /** Sends one UDP datagram and waits for the one that answers it. */
  exchange(request: DatagramRequest, until: Deadline): Promise<DatagramResult>;
  /** Sends one UDP datagram and is content; that nobody listens is not noticed. */
  sendDatagram(request: Pick<DatagramRequest, 'address' | 'port' | 'bytes'>): Promise<SystemResult<void>>;
}

export interface DatagramRequest {
  /** An IP address. */
  readonly address: Octets;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** What is no answer is not taken. */
  readonly isAnswer: (bytes: Buffer) => boolean;
}

export type DatagramResult =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  | { readonly kind: 'timeout' }
  /** Nobody listens there, or the network is down. */
  | SystemFailure;

// ---------------------------------------------------------------- processes

/** As whom a command runs or a file is touched. Undefined parts: as the process itself. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Name for initgroups; undefined: no supplementary groups. */
  readonly initgroupsFor?: Octets | undefined;
}

export interface SpawnRequest {
  /** argv[0] is the program's path; no shell. */
  readonly argv: readonly Octets[];
  readonly environment: ReadonlyMap<string, Octets>;
  readonly directory: Octets;
  readonly identity?: Identity | undefined;
  readonly umask: number;
  readonly niceLevel?: number;
  readonly timeoutMs: number;
  /** Output beyond this is read and thrown away, or ends the process when `killOnExcess`. */
  readonly maxOutputBytes: number;
  readonly killOnExcess?: boolean;
  /** Keep stderr apart; default: together with stdout. */
  readonly separateStderr?: boolean;
  /** Takes standard output as it comes; neither it nor stderr is kept. For programs that are talked to. */
  readonly onOutput?: ((bytes: Buffer) => void) | undefined;
}

export interface SpawnResult {
  /** Exit status, or undefined when it ended by a signal. */
  readonly status: number | undefined;
  readonly signal: number | undefined;
  readonly isTimeout: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly isTruncated: boolean;
  /** errno while writing its input (EPIPE is usual when it does not read). */
  readonly inputFailure: SystemFailure | undefined;
}

/** Commands, run by the agent or the small spawner process: a process with sessions never forks (DESIGN 3.10). */
export interface Spawner {
  run(
    request: SpawnRequest,
    input: AsyncIterable<Uint8Array> | Uint8Array,
    until: Deadline,
  ): Promise<{ readonly kind: 'ok'; readonly result: SpawnResult } | SystemFailure>;
}

/** The interpreter that runs the code of `perl_startup`: a process of its own, which is kept (DESIGN 3.13). */
export interface Perl {
  /** Calls a subroutine in scalar context. What it returns is trusted, as in Exim; undef is a forced failure. */
  call(subroutine: Octets, args: readonly Octets[], frame: Frame): Promise<Outcome<Octets>>;
  /** Runs the startup code now (`perl_at_start`); does nothing without `perl_startup`. */
  start(frame: Frame): Promise<Outcome<unknown>>;
}

/** Pluggable Authentication Modules, as the service `exim`. */
export interface Pam {
  /** Authenticates, and looks whether the account is valid now; `answers` reply to what the modules ask for. Always asynchronous: modules wait. */
  authenticate(user: Octets, answers: readonly Octets[], until: Deadline): Promise<Outcome<PamVerdict>>;
}

export interface PamVerdict {
  /** PAM's own: 0 is success. */
  readonly code: number;
  readonly text: string;
}

/** Modules of functions for `${dlfunc` and the like, written in JavaScript or TypeScript (DESIGN 3.13). */
export interface Modules {
  /** What a module exports under the name; each file is loaded once. The reason is for `dlopen "FILE" failed: REASON`. */
  load(path: Octets): Promise<{ readonly kind: 'ok'; readonly exports: ReadonlyMap<string, unknown> } | SystemFailure>;
}

/** The whole of a file, and the facts of the very file that was read. */
export interface FileContent {
  readonly bytes: Buffer;
  readonly facts: FileFacts;
}

/**
 * What is done with a user's rights and no others: by the agent's children when started as root, else directly by the process (DESIGN 3.10).
 * `identity` undefined means Exim's own. An identity that is refused (uid 0, never_users, or not ours without root) is a failure of
 * errno EPERM; an agent that cannot be reached or is overloaded, EAGAIN; the deadline, ETIMEDOUT. All of these are a defer.
 */
export interface UserActions {
  stat(identity: Identity | undefined, path: Octets, until: Deadline): Promise<SystemResult<FileFacts>>;
  lstat(identity: Identity | undefined, path: Octets, until: Deadline): Promise<SystemResult<FileFacts>>;
  /** access(2) as that user. */
  access(identity: Identity | undefined, path: Octets, mode: 'read' | 'write' | 'execute', until: Deadline): Promise<SystemResult<void>>;
  /** Regular files only (EISDIR, EINVAL for others); EFBIG above the limit. */
  readFile(identity: Identity | undefined, path: Octets, limitBytes: number, until: Deadline): Promise<SystemResult<FileContent>>;
  /**
   * Runs a local transport as `identity`. `batch.settled` is called for every address before this returns; it rejects only with what
   * `settled` rejects with: when the agent or its child is lost, addresses without a result are deferred. Deliveries with the same `mailbox` run one after another
   * (of one identity; '' is never queued).
   */
  deliver(identity: Identity | undefined, batch: DeliveryBatch, mailbox: Octets): Promise<readonly DeliveryResult[]>;
}

// ---------------------------------------------------------------- spool

/** Where accepted messages go; implemented by spool/. */
export interface MessageStore {
  /**
   * Begins a message: chooses its id and creates its -D file, locked. The sink must end with `commit` or `abort`. In the queue of that name; default: the
   * store's own.
   */
  begin(queueName?: Octets): { readonly kind: 'ok'; readonly sink: MessageSink } | SystemFailure;
}

/** What a Message has beyond its body; `size` is computed by the store (headers, blank line and body). */
export type MessageEnvelope = Omit<Message, 'id' | 'body' | 'size'>;

/** One message being written. */
export interface MessageSink {
  readonly id: string;
  /** Octets of the body, line ends \n, no dot-stuffing. A promise when they go to the disk: wait for it before the next call. */
  write(bytes: Uint8Array): MaybePromise<SystemResult<void>>;
  /** What was written so far, for the ACLs after DATA. */
  body(): Body;
  /**
   * Makes the message durable: when it resolves with ok the message survives a crash and may be acknowledged (log `<=` and flush the log before the 250).
   * On failure nothing is left. The claim belongs to the caller: hand it to delivery, or release it to leave the message on the queue.
   */
  commit(envelope: MessageEnvelope): Promise<SystemResult<AcceptedMessage>>;
  /** Leaves nothing. */
  abort(): void;
}

/** A message in the spool and the right to deliver or change it. */
export interface AcceptedMessage {
  readonly message: Message;
  readonly claim: MessageClaim;
  /** For who delivers it at once; everyone else closes it. */
  readonly held?: HeldLink | undefined;
}

/** While it is held no other process or task delivers or changes the message (DESIGN 3.8). */
export interface MessageClaim {
  readonly id: string;
  release(): void;
}

// ---------------------------------------------------------------- hints

/** `retry`, `wait-<transport>`, `ratelimit`, `callout`, `misc`, `seen`, `tls`. */
export type HintsName = string;

/** Keys and values are octets, as `exim_dumpdb` shows them. A store that is busy or broken reads as empty and skips writes (counted). */
export interface Hints {
  get(database: HintsName, key: Octets): Octets | undefined;
  put(database: HintsName, key: Octets, value: Octets): void;
  /** Puts `value` in place of `known` (undefined: nothing), which was read before. False, and nothing is written, when another process was faster. */
  replace(database: HintsName, key: Octets, known: Octets | undefined, value: Octets): boolean;
  delete(database: HintsName, key: Octets): void;
  /** Deletes what exists of these; one look, and no write when nothing does. */
  forget(database: HintsName, keys: readonly Octets[]): void;
  keys(database: HintsName): readonly Octets[];
  close(): void;
}

// ---------------------------------------------------------------- log

export type LogTarget = 'main' | 'reject' | 'panic';

/** Lines without date; the writer puts date, pid and id before them as the configuration says. */
export interface Log {
  main(line: Octets, id?: string): void;
  /** Also to the reject log; `headers` follow the line there. */
  reject(line: Octets, headers?: readonly Octets[], id?: string): void;
  /** Also to the main log, as Exim. */
  panic(line: Octets, id?: string): void;
  /** Not to the main log. */
  panicOnly?(line: Octets, id?: string): void;
  mainAndReject(line: Octets, headers?: readonly Octets[], id?: string): void;
  /** A step of `-d`, of a category; cheap when it is not selected. */
  debug(category: string, text: () => string): void;
  isDebug(category: string): boolean;
  /** Columns that steps are moved to the right. */
  readonly indent?: number;
  /** To the file `debuglog<suffix>` beside the log files (`control = debug`); the suffix has no slash. */
  appendDebug?(suffix: Octets, text: Octets): void;
  removeDebug?(suffix: Octets): void;
  /** Whether a log selector is on: `smtp_connection`, `received_recipients`… */
  selected(selector: string): boolean;
  /** What was queued is written when it returns. */
  flush(): void;
  /** What was queued is written when it resolves: together with what the rest of this turn of the event loop has to log. */
  written(): Promise<void>;
}

/** What `control = debug` has begun: the steps of one session go to a file. */
export interface SessionDebug {
  /** Through this log they are noted. */
  readonly log: Log;
  /** A later `control = debug` changes what is noted. */
  change(options: SessionDebugOptions): void;
  stop(): void;
  /** And no file remains. */
  kill(): void;
}

export interface SessionDebugOptions {
  /** Categories of `-d`; undefined: those of `-d` alone, or as before. */
  readonly categories: ReadonlySet<string> | undefined;
  /** That much is kept until the trigger. */
  readonly pretriggerBytes: number | undefined;
  readonly trigger: 'now' | 'paniclog' | undefined;
}

// ---------------------------------------------------------------- regular expressions

export interface RegexOptions {
  /** ASCII letters match both cases (all letters with `utf`). */
  readonly caseless?: boolean;
  /** `^` and `$` match at every line. */
  readonly multiline?: boolean;
  /** `.` matches a newline too. */
  readonly dotAll?: boolean;
  /** White space and `#` comments in the pattern are ignored. */
  readonly extended?: boolean;
  /** Pattern and subject are UTF-8; a subject that is not valid UTF-8 does not match. */
  readonly utf?: boolean;
}

export interface RegexMatchOptions {
  /** The match must begin at the start offset. */
  readonly isAnchored?: boolean;
  /** An empty match at the start offset does not count. */
  readonly notEmptyAtStart?: boolean;
}

export interface RegexMatch {
  readonly kind: 'match';
  /** Index 0 is the whole match; undefined where a group took no part. */
  readonly captures: readonly (Octets | undefined)[];
  /** Offsets of the whole match. */
  readonly from: number;
  readonly to: number;
}

/** `limit` counts as no match, with a logged error (DESIGN 3.6). */
export type RegexResult = RegexMatch | { readonly kind: 'no-match' } | { readonly kind: 'limit'; readonly message: string };

export interface Regex {
  /** Searches from `startOffset` on; look-behinds and `^` see what precedes. */
  match(subject: Octets, startOffset?: number, options?: RegexMatchOptions): RegexResult;
  /** Number of capturing groups. */
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
}

export type RegexCompilation =
  | { readonly kind: 'ok'; readonly regex: Regex }
  | { readonly kind: 'error'; readonly message: string; readonly offset: number };

export interface Regexes {
  compile(pattern: Octets, options?: RegexOptions): RegexCompilation;
}

// ---------------------------------------------------------------- upward calls: lookups, lists, ACLs, verification

/** A parsed lookup type: `partial1(dom)-lsearch*@,ret=key`. Spec ch. 9 "File and database lookups". */
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
  | { readonly kind: 'error'; readonly logMessage: Octets; readonly logTargets?: readonly LogTarget[] | undefined };

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
