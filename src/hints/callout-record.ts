/** What callouts have found out: a record for each address, and one for each domain. Spec ch. 44 "Callout caching". */
import type { Octets } from '../base/octets.ts';

export const CALLOUT_DATABASE = 'callout';

/** `reject-mail-null`: the domain does not take `MAIL FROM:<>`, whatever the recipient. */
export type CalloutFinding = 'unknown' | 'accept' | 'reject' | 'reject-mail-null';

/** Keyed by the address; with `/<sender>` behind it when the sender was not empty. */
export interface CalloutAddressRecord {
  readonly kind: 'address';
  /** Seconds since the epoch, as all times here. */
  readonly atSeconds: number;
  readonly finding: CalloutFinding;
}

/** Keyed by the domain. A time of 0: not asked. */
export interface CalloutDomainRecord {
  readonly kind: 'domain';
  readonly atSeconds: number;
  readonly finding: CalloutFinding;
  readonly postmaster: CalloutFinding;
  readonly postmasterAtSeconds: number;
  readonly random: CalloutFinding;
  readonly randomAtSeconds: number;
}

export type CalloutRecord = CalloutAddressRecord | CalloutDomainRecord;

const FINDINGS: ReadonlyMap<string, CalloutFinding> = new Map<string, CalloutFinding>([
  ['unknown', 'unknown'],
  ['accept', 'accept'],
  ['reject', 'reject'],
  ['reject-mail-null', 'reject-mail-null'],
]);

export function formatCalloutRecord(record: CalloutRecord): Octets {
  const head = `${record.atSeconds} ${record.finding}`;
  if (record.kind === 'address') return head;
  return `${head} ${record.postmaster} ${record.postmasterAtSeconds} ${record.random} ${record.randomAtSeconds}`;
}

const FORM = /^([0-9]+) ([a-z-]+)(?: ([a-z-]+) ([0-9]+) ([a-z-]+) ([0-9]+))?$/;

/** Undefined for what we did not write. */
export function parseCalloutRecord(value: Octets): CalloutRecord | undefined {
  const found = FORM.exec(value);
  const seconds = (index: number) => Number.parseInt(found?.[index] ?? '0', 10);
  const finding = (index: number) => FINDINGS.get(found?.[index] ?? '');
  const own = finding(2);
  if (!found || own === undefined) return undefined;
  if (found[3] === undefined) return { kind: 'address', atSeconds: seconds(1), finding: own };
  const [postmaster, random] = [finding(3), finding(5)];
  if (postmaster === undefined || random === undefined) return undefined;
  return {
    kind: 'domain',
    atSeconds: seconds(1),
    finding: own,
    postmaster,
    postmasterAtSeconds: seconds(4),
    random,
    randomAtSeconds: seconds(6),
  };
}

/** As `exim_dumpdb` prints a record, which has no word for `reject-mail-null`. */
export function dumpCalloutRecord(key: Octets, record: CalloutRecord, time: (seconds: number) => Octets): Octets {
  const word = (finding: CalloutFinding) => (finding === 'reject-mail-null' ? 'unknown' : finding);
  const dated = (finding: CalloutFinding, at: number) => `${word(finding)}${finding === 'unknown' ? '' : ` (${time(at)})`}`;
  const head = `${time(record.atSeconds)} ${key} callout=${word(record.finding)}`;
  if (record.kind === 'address') return `${head}\n`;
  const { postmaster, postmasterAtSeconds, random, randomAtSeconds } = record;
  return `${head} postmaster=${dated(postmaster, postmasterAtSeconds)} random=${dated(random, randomAtSeconds)}\n`;
}
