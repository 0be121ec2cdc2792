/** Where compared programs receive mail: a spool and logs of their own, and what is in them afterwards, with ids, times and versions masked. */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { SubmissionCase } from './submission-cases.ts';

/** What a caller and an administrator see of one command line. */
export interface Observation {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of each message in the queue the -H file, an empty line, and -D without its first line. */
  readonly messages: readonly string[];
  /** Lines of the main log, of the reject log behind `reject:`, of the panic log behind `panic:`. */
  readonly log: readonly string[];
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary directory; `owner` gets spool and logs when root makes them. */
export class SubmissionWorld {
  readonly folder: string;
  readonly #owner: { readonly uid: number; readonly gid: number } | undefined;

  constructor(folder: string, owner?: { readonly uid: number; readonly gid: number }) {
    this.folder = folder;
    this.#owner = owner;
  }

  /** Main options that every configuration begins with. */
  options(): string {
    return `spool_directory = ${this.folder}/spool\nlog_file_path = ${this.folder}/log/%slog\n`;
  }

  /** Everything is made anew. */
  clear(): void {
    for (const name of ['spool', 'log']) {
      const path = join(this.folder, name);
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
      if (this.#owner) chownSync(path, this.#owner.uid, this.#owner.gid);
    }
  }

  /** Files stay open: logs are cut, messages removed. */
  empty(): void {
    for (const name of ['main', 'reject', 'panic']) {
      const path = join(this.folder, `log/${name}log`);
      if (existsSync(path)) truncateSync(path);
    }
    for (const name of ['input', 'msglog']) {
      const path = join(this.folder, 'spool', name);
      if (existsSync(path)) for (const file of readdirSync(path)) rmSync(join(path, file), { recursive: true });
    }
  }

  /** Ids of the queue, oldest first. */
  ids(): string[] {
    const input = join(this.folder, 'spool/input');
    if (!existsSync(input)) return [];
    return readdirSync(input)
      .filter((name) => name.endsWith('-H'))
      .map((name) => name.slice(0, -2))
      .sort();
  }

  observe(ran: Ran, { args, stdin = '' }: SubmissionCase): Observation {
    const { folder } = this;
    const mask = masking(`${args.join(' ')}${stdin}`);
    const read = (path: string) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'latin1') : '');
    const messages = this.ids().map((id) => {
      const body = read(`spool/input/${id}-D`);
      return `${read(`spool/input/${id}-H`)}\n${body.slice(body.indexOf('\n') + 1)}`;
    });
    const log = ['', 'reject', 'panic'].flatMap((name) =>
      logLines(read(`log/${name || 'main'}log`)).map((line) => (name === '' ? line : `${name}: ${line}`)),
    );
    const plain = (text: string) => mask(text).replaceAll(folder, 'FOLDER');
    // in the order of arrival, so that ids are numbered by it
    const masked = messages.map(plain);
    return { status: ran.status, stdout: plain(ran.stdout), stderr: plain(ran.stderr), messages: masked, log: log.map(plain) };
  }
}

/** Versions behind 4.96 also tell which addresses of header lines cannot be read. */
function logLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.includes(' qualify/rewrite: '));
}

/** Ids become ID1, ID2, … in the order in which they are seen, padded to their length. Those of the case itself stay. */
function masking(given: string): (text: string) => string {
  const names = new Map<string, string>();
  return (text) =>
    text
      .replace(
        /(?<![0-9A-Za-z])(E?)(1[0-9A-Za-z]{5}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2})(?![0-9A-Za-z])/g,
        (whole, letter: string, id: string) => {
          if (given.includes(id)) return whole;
          const name = names.get(id) ?? `ID${names.size + 1}`.padEnd(16, '_');
          names.set(id, name);
          return `${letter}${name}`;
        },
      )
      .replace(
        /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [ 0-9]\d [A-Z][a-z]{2} 20[2-9]\d \d\d:\d\d:\d\d [+-]\d{4}/g,
        'Day, 00 Mon 0000 00:00:00 +0000',
      )
      .replace(/\b20[2-9]\d-\d\d-\d\d \d\d:\d\d:\d\d\b/g, 'NOW')
      .replace(/\bpid=\d+/g, 'pid=PID')
      .replace(/\beuid=\d+/g, 'euid=ID')
      .replace(/\bor uid=\d+/g, 'or uid=ID')
      .replace(/^Debian-exim \d+ \d+$/gm, 'Debian-exim UID GID')
      .replace(/\b\d{10}-eximdsn-\d+/g, 'BOUNDARY')
      .replace(/^-received_time_usec \.\d+$/gm, '-received_time_usec .USEC')
      .replace(/^-received_time_complete \d+\.\d+$/gm, '-received_time_complete TIME')
      .replace(/^-frozen \d+$/gm, '-frozen TIME')
      .replace(/^\d{10} (\d+)$/gm, 'TIME $1')
      // nothing was resumed: later versions leave the line out
      .replace(/^-tls_resumption A\n/gm, '')
      // whether a value that the command line gave counts as foreign, is found out when it is used
      .replace(/^--(?=host_address|host_name|host_auth|interface_address|ident|received_protocol|auth_id|auth_sender)/gm, '-')
      .replace(/\bExim( version)? 4\.9\d/g, 'Exim$1 4.9x');
}
