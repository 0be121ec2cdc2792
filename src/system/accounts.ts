/**
 * Users and groups: the C library's view through native calls, else /etc/passwd and /etc/group, else `getent` for what other name services
 * hold. A failing service is a defer, never "unknown user" (DESIGN 3.7).
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
/** getent's exit status for a key that does not exist. */
const getentMissing = 2;
const getentTimeoutMs = 10_000;

export class SystemAccounts implements Accounts {
  readonly #native: Native;
  readonly #files: AccountFiles;

  constructor(native: Native, files: AccountFiles = systemFiles) {
    this.#native = native;
    this.#files = files;
  }

  userByName(name: Octets): Outcome<UserFacts | undefined> {
    if (!isName(name)) return ok(undefined);
    const isWanted = (user: UserFacts) => user.name === name;
    return (
      this.#early('passwd', parseUser, isWanted) ??
      fromNative(this.#native.userByName(name), `user "${name}"`) ??
      this.#find('passwd', name, parseUser, isWanted)
    );
  }

  userById(uid: number): Outcome<UserFacts | undefined> {
    const isWanted = (user: UserFacts) => user.uid === uid;
    return (
      this.#early('passwd', parseUser, isWanted) ??
      fromNative(this.#native.userById(uid), `uid ${uid}`) ??
      this.#find('passwd', String(uid), parseUser, isWanted)
    );
  }

  groupByName(name: Octets): Outcome<GroupFacts | undefined> {
    if (!isName(name)) return ok(undefined);
    const isWanted = (group: GroupFacts) => group.name === name;
    return (
      this.#early('group', parseGroup, isWanted) ??
      fromNative(this.#native.groupByName(name), `group "${name}"`) ??
      this.#find('group', name, parseGroup, isWanted)
    );
  }

  groupById(gid: number): Outcome<GroupFacts | undefined> {
    const isWanted = (group: GroupFacts) => group.gid === gid;
    return (
      this.#early('group', parseGroup, isWanted) ??
      fromNative(this.#native.groupById(gid), `gid ${gid}`) ??
      this.#find('group', String(gid), parseGroup, isWanted)
    );
  }

  groupsOf(name: Octets, gid: number): Outcome<readonly number[]> {
    if (!isName(name)) return ok([gid]);
    const native = this.#native.groupsOf(name, gid);
    if (native) return ok(native);
    const all = this.#records('group', parseGroup);
    if (all.kind !== 'ok') return all;
    return ok([...new Set([gid, ...all.value.filter((group) => group.members.includes(name)).map((group) => group.gid)])]);
  }

  /**
   * Until native calls are loaded (7 ms, more than many modes take), a record in the files is the answer where they are the first source: the
   * C library would say the same.
   */
  #early<T>(
    database: 'passwd' | 'group',
    parse: (line: Octets) => T | undefined,
    isWanted: (record: T) => boolean,
  ): Outcome<T> | undefined {
    if (this.#native.isLoaded || !/^(?:files|compat)\b/.test(this.#sources(database))) return undefined;
    const records = this.#records(database, parse);
    const found = records.kind === 'ok' ? records.value.find(isWanted) : undefined;
    return found === undefined ? undefined : ok(found);
  }

  #find<T>(
    database: 'passwd' | 'group',
    key: Octets,
    parse: (line: Octets) => T | undefined,
    isWanted: (record: T) => boolean,
  ): Outcome<T | undefined> {
    const records = this.#records(database, parse);
    if (records.kind !== 'ok') return records;
    const found = records.value.find(isWanted);
    if (found || !this.#hasOtherSources(database)) return ok(found);
    return askGetent(database, key, parse);
  }

  #records<T>(database: 'passwd' | 'group', parse: (line: Octets) => T | undefined): Outcome<T[]> {
    const path = this.#files[database];
    try {
      return ok(
        readFileSync(path, 'latin1')
          .split('\n')
          .map(parse)
          .filter((record) => record !== undefined),
      );
    } catch (error) {
      return defer(`failed to read ${path}: ${failureOf(error).reason}`);
    }
  }

  /** Whether nsswitch.conf names more than the files. */
  #hasOtherSources(database: 'passwd' | 'group'): boolean {
    return this.#sources(database)
      .split(/[ \t]+/)
      .some((source) => /^[a-z]/.test(source) && source !== 'files' && source !== 'compat');
  }

  /** What nsswitch.conf says about a database. */
  #sources(database: 'passwd' | 'group'): string {
    let text: string;
    try {
      text = readFileSync(this.#files.nsswitch, 'latin1');
    } catch {
      return 'files'; // glibc's default
    }
    return new RegExp(`^[ \\t]*${database}:[ \\t]*(.*)$`, 'm').exec(text)?.[1] ?? 'files';
  }
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

function askGetent<T>(database: string, key: Octets, parse: (line: Octets) => T | undefined): Outcome<T | undefined> {
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
