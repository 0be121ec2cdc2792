/** A store in memory and sessions on a scripted connection, for tests. */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, trimSpace } from '../base/octets.ts';
import type {
  AcceptedMessage,
  Acls,
  AclVerdict,
  Body,
  Caller,
  Config,
  Frame,
  Lists,
  Message,
  MessageEnvelope,
  MessageSink,
  MessageStore,
  Services,
  SystemResult,
  Text,
  TlsFacts,
} from '../core/index.ts';
import { ok } from '../core/index.ts';
import { FakeLog } from '../system/fakes/log.ts';
import type { FakePeer } from '../system/fakes/net.ts';
import { FakeConnection } from '../system/fakes/net.ts';
import type { TestConfigParts } from '../system/fakes/services.ts';
import { fakeServices, testConfig } from '../system/fakes/services.ts';
import type { SmtpParts } from './session.ts';
import { SmtpSession } from './session.ts';

export function bodyOf(bytes: Buffer): Body {
  return {
    sizeBytes: bytes.length,
    bytes,
    head: (limit) => ok(bytes.subarray(0, limit)),
    tail: (limit) => ok(bytes.subarray(Math.max(0, bytes.length - limit))),
    chunks: async function* () {
      yield bytes;
    },
  };
}

/** Keeps what was committed. `failure` makes every commit fail. */
export class MemoryStore implements MessageStore {
  readonly accepted: Message[] = [];
  failure: Octets | undefined;
  aborted = 0;
  #count = 0;

  begin(): { readonly kind: 'ok'; readonly sink: MessageSink } {
    const id = `1ABCDE-00000000001-${String(++this.#count).padStart(4, '0')}`;
    const chunks: Buffer[] = [];
    const sink: MessageSink = {
      id,
      write: (bytes) => {
        chunks.push(Buffer.from(bytes));
        return { kind: 'ok', value: undefined };
      },
      body: () => bodyOf(Buffer.concat(chunks)),
      commit: async (envelope) => this.#commit(id, envelope, Buffer.concat(chunks)),
      abort: () => {
        this.aborted++;
      },
    };
    return { kind: 'ok', sink };
  }

  #commit(id: string, envelope: MessageEnvelope, bytes: Buffer): SystemResult<AcceptedMessage> {
    if (this.failure !== undefined) return { kind: 'error', errno: 'ENOSPC', reason: this.failure };
    const headerBytes = envelope.headers.reduce((total, header) => total + (header.type === '*' ? 0 : header.text.length), 0);
    const message: Message = { ...envelope, id, size: headerBytes + bytes.length + 1, body: bodyOf(bytes) };
    this.accepted.push(message);
    return { kind: 'ok', value: { message, claim: { id, release: () => {} } } };
  }
}

/** Header lines that are not deleted, and the body, as they would be sent. */
export function messageText(message: Message): Octets {
  const headers = message.headers.filter((header) => header.type !== '*').map((header) => header.text);
  return `${headers.join('')}\n${octetsFromBytes(message.body.bytes ?? Buffer.alloc(0))}`;
}

/** Lists by equality and `*`. */
export const plainLists: Lists = {
  split: (list) => list.split(':').map(trimSpace),
  matchDomain: (list, domain) => ok({ matched: inList(list, domain.octets) }),
  matchLocalPart: (list, localPart) => ok({ matched: inList(list, localPart.octets) }),
  matchAddress: (list, address) => ok({ matched: inList(list, address.octets) }),
  matchHost: (list, host) => ok({ matched: inList(list, host.address ?? '') }),
  matchString: (list, subject) => ok({ matched: inList(list, subject.octets) }),
};

function inList(list: Parameters<Lists['matchDomain']>[0], subject: Octets): boolean {
  const text = 'octets' in list ? list.octets : list.template.source;
  return text
    .split(':')
    .map(trimSpace)
    .some((item) => item === '*' || item === subject);
}

/** ACLs as functions by name. */
export function scriptedAcls(acls: Readonly<Record<string, (frame: Frame, phase: string) => AclVerdict>>): Acls {
  return {
    run: (phase: string, text: Text, _args: readonly Text[], frame: Frame) =>
      acls[text.octets]?.(frame, phase) ?? { kind: 'error', logMessage: `no ACL ${text.octets}` },
    call: () => ok({ accepted: true, message: { octets: '', taint: [] } }),
  };
}

export const testCaller: Caller = {
  uid: 1000,
  gid: 1000,
  groups: [1000],
  login: 'caller',
  fullName: 'A Caller',
  home: '/home/caller',
  isTrusted: false,
  isAdmin: false,
};

export interface SessionSetup {
  readonly config?: TestConfigParts;
  readonly services?: Partial<Services>;
  readonly acls?: Readonly<Record<string, (frame: Frame, phase: string) => AclVerdict>>;
  readonly parts?: Partial<SmtpParts>;
  readonly tls?: TlsFacts;
  readonly tlsProblem?: Octets;
  readonly verifyErrors?: readonly Octets[];
  /** Before it runs. */
  readonly onMade?: (session: SmtpSession) => void;
}

export interface PlayedSession {
  /** What the server sent, without CR. */
  readonly written: Octets;
  readonly store: MemoryStore;
  readonly log: FakeLog;
  readonly config: Config;
}

/** Runs a session to its end against a peer. The remote host is 192.0.2.25. */
export async function playSession(peer: FakePeer, setup: SessionSetup = {}): Promise<PlayedSession> {
  const config = testConfig(setup.config);
  const log = new FakeLog();
  const store = new MemoryStore();
  const services = fakeServices({ log, lists: plainLists, acls: scriptedAcls(setup.acls ?? {}), ...setup.services });
  const connection = new FakeConnection(peer, {
    ...(setup.tls === undefined ? {} : { tls: setup.tls }),
    ...(setup.tlsProblem === undefined ? {} : { tlsProblem: setup.tlsProblem }),
    ...(setup.verifyErrors === undefined ? {} : { verifyErrors: setup.verifyErrors }),
  });
  const session = new SmtpSession({
    connection,
    config,
    services,
    store,
    mode: 'smtp-tcp',
    caller: testCaller,
    isRehearsal: false,
    connectionNumber: 1,
    connectionCount: 1,
    isTlsOnConnect: false,
    hostAddress: connection.remoteAddress,
    hostPort: connection.remotePort,
    onAccepted: ({ claim }) => claim.release(),
    signal: new AbortController().signal,
    ...setup.parts,
  });
  setup.onMade?.(session);
  await session.run();
  return { written: connection.written.replaceAll('\r', ''), store, log, config };
}
