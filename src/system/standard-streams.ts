/** The process's own input and output, for command-line modes. Output is written synchronously: nothing is lost when the process ends. */
import { fstatSync, readSync, writeSync } from 'node:fs';
import { bytesFromOctets, type Octets } from '../base/octets.ts';
import { errorCode } from './failure.ts';

export interface Output {
  write(octets: Octets): void;
}

/** Descriptor 1 or 2. A reader that went away is no error. */
export function standardOutput(descriptor: 1 | 2): Output {
  return {
    write: (octets) => {
      const bytes = bytesFromOctets(octets);
      let from = 0;
      while (from < bytes.length) {
        try {
          from += writeSync(descriptor, bytes, from);
        } catch (error) {
          if (errorCode(error) === 'EAGAIN') waitForPipe();
          else return;
        }
      }
    },
  };
}

/** A full non-blocking pipe: there is nothing else to do for this process. */
function waitForPipe(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

/** Descriptor 0 in chunks. Files and pipes that are at hand are read synchronously, what would block by the stream. */
export async function* standardInput(): AsyncGenerator<Buffer> {
  if (isPlainFile()) {
    for (;;) {
      const chunk = Buffer.allocUnsafe(65536);
      const count = readSync(0, chunk);
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  }
  for await (const chunk of process.stdin) yield typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : (chunk as Buffer); // stdin without encoding gives Buffers
}

function isPlainFile(): boolean {
  try {
    return fstatSync(0).isFile();
  } catch {
    return false; // a closed descriptor: the stream ends at once
  }
}

/** /dev/null and its like. */
const memoryDevices = 1;

/** Whether descriptor 0 is a terminal. The streams, which know, are loaded only where it could be: that costs as much as reading a configuration. */
export function isInputTerminal(): boolean {
  try {
    const facts = fstatSync(0);
    return facts.isCharacterDevice() && facts.rdev >> 8 !== memoryDevices && process.stdin.isTTY;
  } catch {
    return false;
  }
}
