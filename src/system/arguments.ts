/** The program's arguments as octets. Node decodes them as UTF-8, with U+FFFD for what is none; the kernel still has what was given. */
import * as fs from 'node:fs';
import { type Octets, octetsFromBytes, octetsFromUnicode } from '../base/octets.ts';

/** `given`: the arguments after the program's name, which are the last ones of the command line. */
export function argumentOctets(given: readonly string[], readCommandLine: () => Uint8Array = commandLine): readonly Octets[] {
  if (!given.some((argument) => argument.includes('\ufffd'))) return given.map((argument) => octetsFromUnicode(argument));
  const all = octetsFromBytes(readCommandLine()).split('\0').slice(0, -1);
  const raw = all.slice(Math.max(0, all.length - given.length));
  return given.map((argument, index) => {
    const octets = raw[index];
    const isSame = octets !== undefined && Buffer.from(octets, 'latin1').toString('utf8') === argument;
    return isSame ? octets : octetsFromUnicode(argument);
  });
}

function commandLine(): Uint8Array {
  try {
    return fs.readFileSync('/proc/self/cmdline');
  } catch {
    return new Uint8Array(); // not on Linux: what Node made of them has to do
  }
}
