/** New records of the lifetimes of reception: where it comes from, a session, a transaction. */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type {
  Caller,
  Config,
  CurrentRecipient,
  Deadline,
  Frame,
  Origin,
  Services,
  Session,
  SessionState,
  Transaction,
  TransactionState,
} from '../core/index.ts';
import { domainOf, localPartOf, unquoteLocalPart } from '../message/address.ts';

export function newOrigin(caller: Pick<Caller, 'uid' | 'gid' | 'login'>, isLocal: boolean): Origin {
  return { isLocal, callerUid: caller.uid, callerGid: caller.gid, callerLogin: caller.login, aclC: new Map() };
}

export function newSessionState(origin: Origin): SessionState {
  return { origin, commandHistory: [], warningsLogged: new Set(), messagesAccepted: 0, esmtp: false, controls: new Map(), results: {} };
}

export function newTransaction(number: number, receivedAtMs: number): Transaction {
  return { number, state: newTransactionState(receivedAtMs) };
}

function newTransactionState(receivedAtMs: number): TransactionState {
  return {
    recipients: [],
    rcptCount: 0,
    rcptFailCount: 0,
    rcptDeferCount: 0,
    headers: [],
    addedHeaders: [],
    removedHeaders: [],
    size: 0,
    declaredSize: -1,
    bodyLineCount: 0,
    bodyZeroCount: 0,
    maxReceivedLineLength: 0,
    receivedAtMs,
    bodyType: '',
    isUtf8: false,
    dsn: {},
    aclM: new Map(),
    controls: new Map(),
    sendersTold: new Set(),
    senderVerifications: new Map(),
    warningsLogged: new Set(),
    results: {},
  };
}

export interface FrameParts {
  readonly config: Config;
  readonly services: Services;
  readonly session: Session;
  readonly transaction: Transaction | undefined;
  readonly until: Deadline;
}

/** Variables that are results belong to the transaction while there is one, else to the session. */
export function receptionFrame({ config, services, session, transaction, until }: FrameParts): Frame {
  return {
    config,
    services: session.state.debug ? { ...services, log: session.state.debug.log } : services,
    session,
    ...(transaction === undefined ? {} : { transaction }),
    results: transaction?.state.results ?? session.state.results,
    captures: [],
    until,
  };
}

/** Before the protocol's name for a message with SMTPUTF8. */
export const UTF8_PROTOCOL = 'utf8';

/** `local-` for what does not come over TCP/IP; `e` for EHLO, `s` for TLS, `a` for an authenticated client. RFC 3848. */
export function protocolName(origin: Readonly<Origin>, isEsmtp: boolean, isOverTcp: boolean): Octets {
  const name = `${isEsmtp ? 'e' : ''}smtp${origin.tls === undefined ? '' : 's'}${origin.authenticatorName === undefined ? '' : 'a'}`;
  return isOverTcp ? name : `local-${name}`;
}

/** The session is from another host from now on: nothing that was found out about the former holds. */
export function changeHost(origin: Origin, address: Octets, port: number): void {
  origin.hostAddress = address;
  origin.hostPort = port;
  origin.hostName = undefined;
  origin.hostAliases = undefined;
  origin.hostLookup = undefined;
  origin.hostDnssec = undefined;
  origin.hostNameMismatch = undefined;
  origin.heloName = undefined;
  origin.heloVerified = undefined;
  origin.ident = undefined;
}

/** An address as the ACL for it sees it. */
export function recipientView(address: Octets): CurrentRecipient {
  const localPart = unquoteLocalPart(localPartOf(address));
  return { address, localPart: lowerCase(localPart), domain: lowerCase(domainOf(address)), originalLocalPart: localPart };
}
