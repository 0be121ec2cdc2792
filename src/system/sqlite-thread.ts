/**
 * SQL on SQLite files of the administrator, in a thread of its own: a slow query or a lock must not stop the event loop (DESIGN 3.9).
 * One thread for all files, started at the first query; queries run one after another.
 */
import { Worker } from 'node:worker_threads';
import type { Octets } from '../base/octets.ts';
import { octetsFromUnicode, unicodeFromOctets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';

export interface SqlRows {
  readonly kind: 'rows';
  /** In octets; SQL's NULL is undefined. One entry per statement that returns columns. */
  readonly rows: readonly { readonly columns: readonly Octets[]; readonly values: readonly (Octets | undefined)[] }[];
}

export type SqlResult = SqlRows | { readonly kind: 'error'; readonly message: string } | { readonly kind: 'timeout' };

interface Answer {
  readonly id: number;
  readonly rows?: readonly { readonly columns: readonly string[]; readonly values: readonly (string | null | Uint8Array)[] }[];
  readonly error?: string;
}

const waitingLimit = 1000;

/** Plain JavaScript, because the thread starts from this text and not from a file that a bundle would have to carry. */
const threadCode = `
const { parentPort } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const keptFiles = 8;
const maxRows = 100000;
const databases = new Map();
function open(file, timeout) {
  let database = databases.get(file);
  if (database) databases.delete(file);
  else database = new DatabaseSync(file, { timeout });
  databases.set(file, database);
  if (databases.size > keptFiles) {
    const [oldest, dropped] = databases.entries().next().value;
    databases.delete(oldest);
    dropped.close();
  }
  return database;
}
function asText(value) {
  if (value === null || value instanceof Uint8Array) return value;
  return typeof value === 'number' ? realText(value) : String(value);
}
// As SQLite writes a REAL: 15 digits, always with a decimal point.
function realText(value) {
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  const [digits, power] = value.toExponential(14).split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 15) {
    const mantissa = digits.replace(/0+$/, '').replace(/\\.$/, '.0');
    return mantissa + 'e' + (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0');
  }
  const plain = Number(value.toPrecision(15)).toFixed(Math.max(0, 14 - exponent)).replace(/(\\.[0-9]*?)0+$/, '$1');
  return plain.endsWith('.') ? plain + '0' : plain.includes('.') ? plain : plain + '.0';
}
function run(file, timeout, sql) {
  const database = open(file, timeout);
  const rows = [];
  for (let rest = sql; /[^\\s;]/.test(rest); ) {
    const statement = database.prepare(rest);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    const columns = statement.columns().map((column) => column.name);
    for (const values of statement.all()) {
      if (rows.length >= maxRows) throw new Error('too many rows');
      rows.push({ columns, values: values.map(asText) });
    }
    rest = rest.slice(statement.sourceSQL.length);
  }
  return rows;
}
parentPort.on('message', ({ id, file, timeout, sql }) => {
  try {
    parentPort.postMessage({ id, rows: run(file, timeout, sql) });
  } catch (error) {
    const dropped = databases.get(file);
    databases.delete(file);
    try { dropped && dropped.close(); } catch { /* it was not open */ }
    parentPort.postMessage({ id, error: error.message });
  }
});
`;

export class SqliteThread {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, (answer: SqlResult) => void>();
  #lastId = 0;

  /** File and SQL are decoded from UTF-8. A query whose caller's time is over goes on to its end in the thread. */
  async query(file: Octets, sql: Octets, busyTimeoutMs: number, until: Deadline): Promise<SqlResult> {
    const path = unicodeFromOctets(file);
    const text = unicodeFromOctets(sql);
    if (path === undefined || text === undefined) return { kind: 'error', message: 'not UTF-8' };
    if (this.#waiting.size >= waitingLimit) return { kind: 'error', message: 'too many queries are waiting' };
    if (until.signal.aborted) return { kind: 'timeout' };
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<SqlResult>();
    const giveUp = (): void => resolve({ kind: 'timeout' });
    until.signal.addEventListener('abort', giveUp);
    this.#waiting.set(id, resolve);
    const worker = this.#thread();
    worker.ref();
    worker.postMessage({ id, file: path, timeout: busyTimeoutMs, sql: text });
    const result = await promise;
    until.signal.removeEventListener('abort', giveUp);
    return result;
  }

  close(): void {
    this.#end('closed');
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(threadCode, { eval: true, stdout: true, stderr: true });
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#end(error.message));
    worker.on('exit', () => this.#end('thread ended'));
    this.#worker = worker;
    return worker;
  }

  #settle({ id, rows, error }: Answer): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref(); // an idle thread keeps no process alive
    if (error !== undefined || !rows) resolve?.({ kind: 'error', message: error ?? 'no answer' });
    else
      resolve?.({
        kind: 'rows',
        rows: rows.map(({ columns, values }) => ({ columns: columns.map(octetsFromUnicode), values: values.map(toOctets) })),
      });
  }

  #end(reason: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    for (const resolve of this.#waiting.values()) resolve({ kind: 'error', message: reason });
    this.#waiting.clear();
    void worker?.removeAllListeners().terminate();
  }
}

function toOctets(value: string | null | Uint8Array): Octets | undefined {
  if (value === null) return undefined;
  return typeof value === 'string' ? octetsFromUnicode(value) : Buffer.from(value).toString('latin1');
}
