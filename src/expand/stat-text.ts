/** The facts of a file as `${stat:}` writes them. Spec ch. 11 "Expansion operators". */
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { fail, type NotOk } from '../core/outcome.ts';
import type { FileFacts } from '../core/ports.ts';
import { type Text, untainted } from '../core/text.ts';

const TYPES: Readonly<Record<FileFacts['type'], { readonly letter: string; readonly bits: number }>> = {
  file: { letter: '-', bits: 0o100000 },
  directory: { letter: 'd', bits: 0o040000 },
  symlink: { letter: 'l', bits: 0o120000 },
  fifo: { letter: 'p', bits: 0o010000 },
  socket: { letter: 's', bits: 0o140000 },
  character: { letter: 'c', bits: 0o020000 },
  block: { letter: 'b', bits: 0o060000 },
};

export function statText(path: Octets, frame: Frame): Text | NotOk {
  const result = frame.services.files.stat(path);
  if (result.kind !== 'ok') return fail(`stat(${path}) failed: ${result.reason}`);
  const facts = result.value;
  const { letter, bits } = TYPES[facts.type];
  const seconds = (ms: number | bigint) => String(Math.trunc(Number(ms) / 1000)); // octets: a number already
  return untainted(
    [
      `mode=${(facts.type === 'file' ? facts.mode : bits | facts.mode).toString(8).padStart(4, '0')}`,
      `smode=${letter}${symbolicMode(facts.mode)}`,
      `inode=${facts.inode}`,
      `device=${facts.device}`,
      `links=${facts.links}`,
      `uid=${facts.uid}`,
      `gid=${facts.gid}`,
      `size=${facts.sizeBytes}`,
      `atime=${seconds(facts.atimeMs)}`,
      `mtime=${seconds(facts.mtimeMs)}`,
      `ctime=${seconds(facts.ctimeNs / 1_000_000n)}`,
    ].join(' '),
  );
}

/** `rwxr-xr-t`: as `ls` shows it, with set-uid, set-gid and sticky bits. */
function symbolicMode(mode: number): string {
  const triple = (bits: number, isSpecial: boolean, special: string) => {
    const execute = (bits & 1) !== 0;
    const last = isSpecial ? (execute ? special : special.toUpperCase()) : execute ? 'x' : '-'; // octets: one of our own letters
    return (bits & 4 ? 'r' : '-') + (bits & 2 ? 'w' : '-') + last;
  };
  return (
    triple(mode >> 6, (mode & 0o4000) !== 0, 's') + triple(mode >> 3, (mode & 0o2000) !== 0, 's') + triple(mode, (mode & 0o1000) !== 0, 't')
  );
}
