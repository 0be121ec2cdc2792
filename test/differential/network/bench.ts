/** Where cases run: a folder with configuration, spool and logs, and ports. */
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationOf, type NetworkCase } from './case.ts';
import type { Shown } from './transcript.ts';

export interface Bench {
  readonly folder: string;
  /** `PORT1`, `PORT2` of the server, `PORT3` of nobody. */
  readonly ports: readonly number[];
  /** Settings for one of the programs. */
  readonly localConf: string;
  /** Whom the spool and log directories belong to. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

const LOGS = ['main', 'reject', 'panic'];

/** Nothing of the case before is left. */
export function prepare({ folder, ports, localConf, owner }: Bench, one: NetworkCase): void {
  for (const name of ['spool', 'log', 'etc', 'files']) {
    const path = join(folder, name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
    if (owner && (name === 'spool' || name === 'log')) chownSync(path, owner.uid, owner.gid);
  }
  const fill = (text: string) =>
    ports.reduce((filled, port, index) => filled.replaceAll(`PORT${index + 1}`, String(port)), text.replaceAll('DIR', folder));
  writeFileSync(join(folder, 'local.conf'), localConf);
  writeFileSync(join(folder, 'etc/exim4.conf'), fill(configurationOf(one)), 'latin1');
  for (const [name, text] of Object.entries(one.files ?? {})) writeFileSync(join(folder, 'files', name), text, 'latin1');
}

export function leftBehind({ folder }: Bench): Omit<Shown, 'dialogue'> {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'latin1') : '');
  const input = join(folder, 'spool/input');
  const names = existsSync(input) ? readdirSync(input).filter((name) => name.endsWith('-H')) : [];
  const paths = names.map((name) => join(input, name)).sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
  return { logs: Object.fromEntries(LOGS.map((name) => [name, read(join(folder, 'log', `${name}log`))])), headers: paths.map(read) };
}
