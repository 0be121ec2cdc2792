/**
 * Users and groups as the C library sees them. What /etc/passwd and /etc/group hold is read there when nsswitch.conf names the files first;
 * other name services are asked through native calls, else by `getent`. A failing service is a defer, never "unknown user" (DESIGN 3.7).
 */
import { execFileSync } from 'node:child_process';
import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import { type Octets, parseDecimal, unicodeFromOctets } from '../base/octets.ts';
import { defer, type Outcome, ok } from '../core/outcome.ts';
import type { Accounts, GroupFacts, UserFacts } from '../core/ports.ts';
import { errorCode, failureOf } from './failure.ts';
import type { AccountAnswer, Native } from './native.ts';

export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  readonly nsswitch: string;
}

const systemFiles: AccountFiles = { passwd: '/etc/passwd', group: '/etc/group', nsswitch: '/etc/nsswitch.conf' };
/** Larger files are left to the C library, which does not hold them in memory. */
const parsedFileLimitBytes = 4 << 20;
/** getent's exit status for a key that does not exist. */
const getentMissing = 2;
const getentTimeoutMs = 10_000;

type Database = 'passwd' | 'group';

export class SystemAccounts implements Accounts {
  readonly #native: Native;
  readonly #users: AccountFile<UserFacts>;
  readonly #groups: AccountFile<GroupFacts>;
  readonly #services: NameServices;

  constructor(native: Native, files: AccountFiles = systemFiles) {
    this.#native = native;
    this.#users = new AccountFile(files.passwd, parseUser, (user) => user.uid);
    this.#groups = new AccountFile(files.group, parseGroup, (group) => group.gid);
    this.#services = new NameServices(files.nsswitch);
  }

  userByName(name: Octets): Outcome<UserFacts | undefined> {
    if (!isName(name)) return ok(undefined);
    return this.#find(
      'passwd',
      name,
      this.#users,
      (records) => records.byName.get(name),
      () => this.#native.userByName(name),
    );
  }

  userById(uid: number): Outcome<UserFacts | undefined> {
    return this.#find(
      'passwd',
      String(uid),
      this.#users,
      (records) => records.byId.get(uid),
      () => this.#native.userById(uid),
    );
  }

  groupByName(name: Octets): Outcome<GroupFacts | undefined> {
    if (!isName(name)) return ok(undefined);
    return this.#find(
      'group',
      name,
      this.#groups,
      (records) => records.byName.get(name),
      () => this.#native.groupByName(name),
    );
  }

  groupById(gid: number): Outcome<GroupFacts | undefined> {
    return this.#find(
      'group',
      String(gid),
      this.#groups,
      (records) => records.byId.get(gid),
      () => this.#native.groupById(gid),
    );
  }

  groupsOf(name: Octets, gid: number): Outcome<readonly number[]> {
    if (!isName(name)) return ok([gid]);
    const hasOthers = this.#services.sourcesOf('group').others;
    const known = hasOthers ? this.#native.groupsOf(name, gid) : undefined;
    if (known) return ok(known);
    const records = this.#groups.read();
    if (records.kind !== 'ok') return records;
    const all = [...records.value.byName.values()];
    return ok([...new Set([gid, ...all.filter((group) => group.members.includes(name)).map((group) => group.gid)])]);
  }

  /** The files where they come first and are small; then the C library; without native calls the files in any case, then getent. */
  #find<T extends { readonly name: Octets }>(
    database: Database,
    key: Octets,
    file: AccountFile<T>,
    pick: (records: Records<T>) => T | undefined,
    ask: () => AccountAnswer<T> | undefined,
  ): Outcome<T | undefined> {
    const { isFilesFirst, others } = this.#services.sourcesOf(database);
    if (isFilesFirst) {
      const records = file.readSmall();
      if (records.kind !== 'ok') return records;
      const found = records.value && pick(records.value);
      if (found || (records.value && !others)) return ok(found);
    }
    const answer = fromNative(ask(), `${database} entry "${key}"`);
    if (answer) return answer;
    const records = file.read();
    if (records.kind !== 'ok') return records;
    const found = pick(records.value);
    return found || !others ? ok(found) : askGetent(database, key, file.parse);
  }
}

interface Records<T> {
  readonly byName: ReadonlyMap<Octets, T>;
  readonly byId: ReadonlyMap<number, T>;
}

/** A parsed file, read again when it has changed. */
class AccountFile<T extends { readonly name: Octets }> {
  readonly parse: (line: Octets) => T | undefined;
  readonly #path: string;
  readonly #idOf: (record: T) => number;
  #identity: string | undefined;
  #records: Records<T> = { byName: new Map(), byId: new Map() };

  constructor(path: string, parse: (line: Octets) => T | undefined, idOf: (record: T) => number) {
    this.#path = path;
    this.parse = parse;
    this.#idOf = idOf;
  }

  /** Undefined when the file is large. */
  readSmall(): Outcome<Records<T> | undefined> {
    return this.#read(parsedFileLimitBytes);
  }

  read(): Outcome<Records<T>> {
    const records = this.#read(Number.POSITIVE_INFINITY);
    return records.kind === 'ok' ? ok(records.value ?? this.#records) : records;
  }

  #read(limitBytes: number): Outcome<Records<T> | undefined> {
    try {
      const stats = statSync(this.#path, { bigint: true });
      if (stats.size > limitBytes) return ok(undefined);
      const identity = identityOf(stats);
      if (identity === this.#identity) return ok(this.#records);
      this.#records = this.#parseAll(readFileSync(this.#path, 'latin1'));
      this.#identity = identity;
      return ok(this.#records);
    } catch (error) {
      return defer(`failed to read ${this.#path}: ${failureOf(error).reason}`);
    }
  }

  /** As in getpwnam, the first line of a name or id counts. */
  #parseAll(text: Octets): Records<T> {
    const byName = new Map<Octets, T>();
    const byId = new Map<number, T>();
    for (const line of text.split('\n')) {
      const record = this.parse(line);
      if (!record) continue;
      if (!byName.has(record.name)) byName.set(record.name, record);
      const id = this.#idOf(record);
      if (!byId.has(id)) byId.set(id, record);
    }
    return { byName, byId };
  }
}

interface Sources {
  readonly isFilesFirst: boolean;
  /** Name services besides the files. */
  readonly others: boolean;
}

const nsswitchIntervalMs = 1000;

/** What nsswitch.conf says, looked at once a second at most; without it glibc uses the files. */
class NameServices {
  readonly #path: string;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #identity: string | undefined;
  #sources = new Map<Database, Sources>();

  constructor(path: string) {
    this.#path = path;
  }

  sourcesOf(database: Database): Sources {
    this.#refresh();
    return this.#sources.get(database) ?? filesOnly;
  }

  #refresh(): void {
    const now = Date.now();
    if (Math.abs(now - this.#checkedAtMs) < nsswitchIntervalMs) return;
    this.#checkedAtMs = now;
    try {
      const identity = identityOf(statSync(this.#path, { bigint: true }));
      if (identity === this.#identity) return;
      this.#sources = parseNsswitch(readFileSync(this.#path, 'latin1'));
      this.#identity = identity;
    } catch {
      this.#sources = new Map(); // no such file
      this.#identity = undefined;
    }
  }
}

const filesOnly: Sources = { isFilesFirst: true, others: false };

function parseNsswitch(text: string): Map<Database, Sources> {
  const result = new Map<Database, Sources>();
  for (const [, database, line = ''] of text.matchAll(/^[ \t]*(passwd|group):([^#\n]*)/gm)) {
    const names = line
      .replace(/\[[^\]]*\]/g, ' ')
      .split(/[ \t]+/)
      .filter((name) => name !== '');
    const isFiles = (name: string | undefined) => name === undefined || name === 'files' || name === 'compat';
    const sources = { isFilesFirst: isFiles(names[0]), others: names.some((name) => !isFiles(name)) };
    if (database === 'passwd' || database === 'group') result.set(database, sources);
  }
  return result;
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** Undefined without native calls. */
function fromNative<T>(answer: AccountAnswer<T> | undefined, what: string): Outcome<T | undefined> | undefined {
  if (!answer) return undefined;
  switch (answer.kind) {
    case 'found':
      return ok(answer.value);
    case 'missing':
      return ok(undefined);
    case 'error':
      return defer(`failed to look up ${what}: ${answer.reason}`);
  }
}

/** What could be in the files at all; also keeps options and NULs away from getent. */
function isName(name: Octets): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  return name !== '' && !name.startsWith('-') && !/[\x00-\x1f:/]/.test(name);
}

function askGetent<T>(database: Database, key: Octets, parse: (line: Octets) => T | undefined): Outcome<T | undefined> {
  const argument = unicodeFromOctets(key);
  if (argument === undefined) return ok(undefined);
  try {
    const output = execFileSync('getent', ['--', database, argument], {
      encoding: 'latin1',
      timeout: getentTimeoutMs,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return ok(parse(output.split('\n')[0] ?? ''));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ok(undefined); // no getent: the files are all there is
    if (exitStatus(error) === getentMissing) return ok(undefined);
    return defer(`failed to look up ${key} in ${database} by getent`);
  }
}

function exitStatus(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
}

/** name:password:uid:gid:gecos:home:shell */
function parseUser(line: Octets): UserFacts | undefined {
  const [name = '', , uidText = '', gidText = '', gecos = '', home = '', shell = ''] = line.split(':');
  const uid = parseDecimal(uidText);
  const gid = parseDecimal(gidText);
  return name === '' || uid === undefined || gid === undefined ? undefined : { name, uid, gid, gecos, home, shell };
}

/** name:password:gid:member,member */
function parseGroup(line: Octets): GroupFacts | undefined {
  const [name = '', , gidText = '', members = ''] = line.split(':');
  const gid = parseDecimal(gidText);
  return name === '' || gid === undefined ? undefined : { name, gid, members: members.split(',').filter((member) => member !== '') };
}
