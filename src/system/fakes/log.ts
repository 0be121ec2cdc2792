/** A log that keeps its lines, for tests. */
import type { Octets } from '../../base/octets.ts';
import type { Log } from '../../core/ports.ts';

export interface LoggedLine {
  readonly log: 'main' | 'reject' | 'panic';
  readonly line: Octets;
  readonly id: string | undefined;
  readonly headers: readonly Octets[];
}

/** As in Exim, `reject` and `panic` lines also go to the main log: `main` lists them all. */
export class FakeLog implements Log {
  readonly lines: LoggedLine[] = [];
  readonly debugLines: string[] = [];
  readonly #selectors: ReadonlySet<string>;
  readonly #debugCategories: ReadonlySet<string>;

  constructor(options: { readonly selectors?: readonly string[]; readonly debug?: readonly string[] } = {}) {
    this.#selectors = new Set(options.selectors ?? defaultSelectors);
    this.#debugCategories = new Set(options.debug ?? []);
  }

  get mainLines(): Octets[] {
    return this.#of('main');
  }

  get rejectLines(): Octets[] {
    return this.#of('reject');
  }

  get panicLines(): Octets[] {
    return this.#of('panic');
  }

  main(line: Octets, id?: string): void {
    this.#add('main', line, id);
  }

  reject(line: Octets, headers: readonly Octets[] = [], id?: string): void {
    this.#add('reject', line, id, headers);
  }

  panic(line: Octets, id?: string): void {
    this.#add('main', line, id);
    this.#add('panic', line, id);
  }

  mainAndReject(line: Octets, headers: readonly Octets[] = [], id?: string): void {
    this.#add('main', line, id);
    this.#add('reject', line, id, headers);
  }

  debug(category: string, text: () => string): void {
    if (this.isDebug(category)) this.debugLines.push(text());
  }

  isDebug(category: string): boolean {
    return this.#debugCategories.has(category) || this.#debugCategories.has('all');
  }

  selected(selector: string): boolean {
    return this.#selectors.has(selector) || this.#selectors.has('all');
  }

  async written(): Promise<void> {
    this.flush();
  }

  flush(): void {
    // Lines are kept as they come: nothing waits.
  }

  #add(log: LoggedLine['log'], line: Octets, id: string | undefined, headers: readonly Octets[] = []): void {
    this.lines.push({ log, line, id, headers });
  }

  #of(log: LoggedLine['log']): Octets[] {
    return this.lines.filter((entry) => entry.log === log).map((entry) => entry.line);
  }
}

/** Spec ch. "Log files", "Reducing or increasing what is logged": the ones marked with an asterisk. */
const defaultSelectors = [
  'acl_warn_skipped',
  'connection_reject',
  'delay_delivery',
  'dkim',
  'dnslist_defer',
  'dnssec',
  'etrn',
  'host_lookup_failed',
  'lost_incoming_connection',
  'msg_id',
  'queue_run',
  'queue_time_exclusive',
  'rejected_header',
  'retry_defer',
  'sender_verify_fail',
  'size_reject',
  'skip_delivery',
  'smtp_confirmation',
  'tls_certificate_verified',
  'tls_cipher',
] as const;
