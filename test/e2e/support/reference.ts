/** The reference program, Exim 4.96 or later of the 4.9x series, where the machine has it: run on a configuration and spool of a test. */
import { chownSync, existsSync } from 'node:fs';
import { type CommandOptions, type CommandResult, runCommand } from './mail-server.ts';
import { findAccount, isRoot, type Place } from './place.ts';

const PROGRAM = '/usr/sbin/exim4';

/** The user that Debian's Exim is built to run as; spools that both programs handle belong to it. */
export const REFERENCE_USER = 'Debian-exim';

/** Why a test that needs the program cannot run; false when it can. */
export function missingReference(): string | false {
  if (!existsSync(PROGRAM)) return `${PROGRAM} is not installed`;
  if (!isRoot) return 'a configuration of its own is taken from root only';
  return findAccount(REFERENCE_USER) ? false : `there is no user ${REFERENCE_USER}`;
}

export class ReferenceServer {
  readonly place: Place;
  readonly config: string;

  constructor(place: Place, config: string) {
    this.place = place;
    this.config = place.file('etc/reference.conf', config);
  }

  exim(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(PROGRAM, ['-C', this.config, ...args], options);
  }
}

/** A directory of the place that belongs to the reference program's user. */
export function referenceFolder(place: Place, name: string): string {
  const path = place.folder(name);
  const account = findAccount(REFERENCE_USER);
  if (account) chownSync(path, account.uid, account.gid);
  return path;
}
