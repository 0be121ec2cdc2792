/**
 * Where a test's servers live: a temporary directory, the ids that mail is handled and delivered with, free ports, and where the
 * material is that is not part of the repository. Everything is on the loopback interface.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { makeSelfSigned } from '../../../src/system/certificate.ts';

export const ROOT = join(import.meta.dirname, '../../..');

/** Started by root: the daemon changes ids, and what users own can be tested. */
export const isRoot = process.getuid?.() === 0;

/** A file of the material beside the repository; undefined where there is none. */
export function sharedFile(path: string): string | undefined {
  const full = join(ROOT, '../shared', path);
  return existsSync(full) ? full : undefined;
}

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The account that mail is handled as: with root's rights a system account, else whoever runs the test. */
export function mailAccount(): Account {
  if (!isRoot) {
    const { username, uid, gid } = userInfo();
    return { name: username, uid, gid };
  }
  const found = findAccount('mail') ?? findAccount('nobody');
  if (!found) throw new Error('neither user mail nor nobody exists');
  return found;
}

/** An account of the machine that mail can be delivered to: root delivers to another than its own and the mail account, everyone else to themselves. */
export function localUser(): Account {
  if (!isRoot) return mailAccount();
  for (const name of ['games', 'news', 'backup', 'daemon', 'nobody']) {
    const account = findAccount(name);
    if (account && account.uid !== mailAccount().uid) return account;
  }
  throw new Error('there is no account to deliver to');
}

export function findAccount(name: string): Account | undefined {
  for (const line of readFileSync('/etc/passwd', 'latin1').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

export class Place {
  readonly directory: string;
  readonly account: Account = mailAccount();

  constructor(name: string) {
    this.directory = mkdtempSync(join(tmpdir(), `eximius-${name}-`));
    chmodSync(this.directory, 0o755);
    for (const part of ['log', 'mail', 'etc']) this.folder(part);
    chmodSync(this.path('mail'), 0o1777);
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** A directory that belongs to the mail account. */
  folder(name: string): string {
    mkdirSync(this.path(name), { recursive: true });
    if (isRoot) chownSync(this.path(name), this.account.uid, this.account.gid);
    return this.path(name);
  }

  /** A file that is owned by who runs the test, and that everyone may read. */
  file(name: string, text: string, mode = 0o644): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { encoding: 'latin1' });
    chmodSync(path, mode);
    return path;
  }

  /** Key and certificate in one PEM that the mail account can read. */
  certificate(name: string, hostName: string): string {
    const { certificate, key } = makeSelfSigned(hostName, Date.now());
    const path = this.file(name, key + certificate, 0o640);
    if (isRoot) chownSync(path, this.account.uid, this.account.gid);
    return path;
  }

  read(name: string): string {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'latin1') : '';
  }

  /** The messages in `<directory>/new`, in order of arrival. */
  maildir(directory: string): string[] {
    const folder = this.path(directory, 'new');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .map((name) => join(folder, name))
      .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
      .map((path) => readFileSync(path, 'latin1'));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
