/** How many connections wait to be accepted (`smtp_backlog_monitor`). Linux tells in /proc/net/tcp: the receive queue of a socket that listens. proc(5). */
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import type { Files } from '../core/index.ts';

const LISTENING = '0A';

/** The sockets that listen on the port; 0 where that cannot be found out. */
export function listenBacklog(files: Pick<Files, 'readFile'>, port: number): number {
  let waiting = 0;
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const table = files.readFile(path);
    if (table.kind === 'ok') waiting = Math.max(waiting, largestQueue(octetsFromBytes(table.value), port));
  }
  return waiting;
}

function largestQueue(table: Octets, port: number): number {
  let largest = 0;
  for (const line of table.split('\n')) {
    const match = /^ *[0-9]+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) /.exec(line);
    if (match?.[2] !== LISTENING || Number.parseInt(match[1] ?? '', 16) !== port) continue;
    largest = Math.max(largest, Number.parseInt(match[3] ?? '', 16));
  }
  return largest;
}
