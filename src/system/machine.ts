/** What the machine says about itself: name, interfaces, load, disk space, environment. */
import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, hostname, loadavg, networkInterfaces } from 'node:os';
import { plainIp } from '../base/ip.ts';
import { type Octets, octetsFromUnicode } from '../base/octets.ts';
import type { Machine } from '../core/ports.ts';
import { nodePath } from './files.ts';

const replacementCharacter = '\ufffd';

export class SystemMachine implements Machine {
  readonly pid = process.pid;

  /** From /proc, where there is one: every start asks, and node:os takes longer to load than the file to read. */
  get hostName(): Octets {
    try {
      return readFileSync('/proc/sys/kernel/hostname', 'latin1').replace(/\n$/, '');
    } catch {
      return octetsFromUnicode(hostname());
    }
  }

  processors(): number {
    return availableParallelism();
  }

  loadAverage(): number {
    return loadavg()[0] ?? 0;
  }

  interfaceAddresses(): readonly Octets[] {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => plainIp(entry.address)));
    return [...new Set(addresses)];
  }

  environment(): ReadonlyMap<string, Octets> {
    const values = new Map<string, Octets>();
    let raw: ReadonlyMap<string, Octets> | undefined;
    for (const [name, value] of Object.entries(process.env)) {
      if (value === undefined) continue;
      if (value.includes(replacementCharacter)) raw ??= initialEnvironment();
      values.set(name, raw?.get(name) ?? octetsFromUnicode(value));
    }
    return values;
  }

  realUid(): number {
    return process.getuid?.() ?? 0;
  }

  effectiveUid(): number {
    return process.geteuid?.() ?? 0;
  }

  effectiveGid(): number {
    return process.getegid?.() ?? 0;
  }

  freeSpace(path: Octets): { readonly kib: number; readonly inodes: number } {
    try {
      const space = statfsSync(nodePath(path));
      // file systems without a fixed number of inodes report 0 of 0
      return { kib: Math.floor((space.bavail * space.bsize) / 1024), inodes: space.files === 0 ? -1 : space.ffree };
    } catch {
      return { kib: -1, inodes: -1 };
    }
  }
}

/** As the process got it, octet for octet: Node decodes values as UTF-8 and loses what is not. */
function initialEnvironment(): ReadonlyMap<string, Octets> {
  const values = new Map<string, Octets>();
  try {
    for (const entry of readFileSync('/proc/self/environ', 'latin1').split('\0')) {
      const equals = entry.indexOf('=');
      if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1));
    }
  } catch {
    // no /proc: what Node decoded is all there is
  }
  return values;
}
