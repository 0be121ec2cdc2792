/** Dr.Web's daemon: numbers of four octets; a path over a Unix socket, the message itself over TCP. Spec ch. 45 "Scanning for viruses". */
import { type Octets, octetsFromBytes } from '../../../base/octets.ts';
import { piecesOf, withFile } from '../file-source.ts';
import { type Finding, placeOf, type ScanJob, type Scanner, type ScannerLink, UNNAMED, withLink } from '../scanner.ts';

const DEFAULT_SOCKET = '/usr/local/drweb/run/drwebd.sock';
const SCAN = 1;
/** That it is mail, and that names are wanted. */
const FLAGS = 0x0008_0001;
const VIRUS_FOUND = 0x20;
const MAX_REPORTS = 1000;
const MAX_REPORT_BYTES = 64 * 1024;

const ERRORS: readonly (readonly [number, string])[] = [
  [0x1, 'read error'],
  [0x4, 'no memory'],
  [0x200, 'timeout'],
  [0x8000, 'wrong command'],
];

export const drweb: Scanner = {
  name: 'drweb',
  scan: ([address = ''], job) => {
    const place = placeOf(address === '' ? DEFAULT_SOCKET : address);
    return withLink(place, job, async (link) => {
      await (place.ports === 'none' ? sendPath(link, job) : sendMessage(link, job));
      return readFinding(link);
    });
  },
};

async function sendPath(link: ScannerLink, { file }: ScanJob): Promise<void> {
  const request = [words(SCAN, FLAGS, file.length), Buffer.from(file, 'latin1'), words(0)];
  await link.send(Buffer.concat(request), `unable to send commands to socket (${link.place})`);
}

async function sendMessage(link: ScannerLink, { file, frame }: ScanJob): Promise<void> {
  const { files } = frame.services;
  const facts = files.stat(file);
  if (facts.kind === 'error') return link.fail(`${file}: ${facts.reason}`);
  await link.send(words(SCAN, FLAGS, 0, facts.value.sizeBytes), `unable to send commands to socket (${link.place})`);
  await withFile(files, file, async (source) => {
    for await (const piece of piecesOf(source)) await link.send(piece, 'unable to send file body to socket');
  });
}

function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * index);
  return bytes;
}

/** A code, how many reports follow, and each as its length and text. */
async function readFinding(link: ScannerLink): Promise<Finding> {
  const code = await readWord(link, 'unable to read return code');
  const count = await readWord(link, 'unable to read the number of viruses');
  let name: Octets | undefined;
  for (let left = Math.min(count, MAX_REPORTS); left > 0; left--) {
    const size = await readWord(link, 'cannot read report size');
    const report = size > MAX_REPORT_BYTES ? undefined : await link.readExactly(size);
    if (report === undefined) return link.fail('cannot read report string');
    name ??= /infected with *([^\0]+)/.exec(octetsFromBytes(report))?.[1];
  }
  const error = ERRORS.find(([bit]) => (code & bit) !== 0);
  if (count > 0 || (code & VIRUS_FOUND) !== 0) return name ?? UNNAMED;
  if (error !== undefined) return link.fail(`drweb daemon retcode 0x${code.toString(16)} (${error[1]})`);
  return undefined;
}

async function readWord(link: ScannerLink, what: Octets): Promise<number> {
  const bytes = await link.readExactly(4);
  return bytes === undefined ? link.fail(what) : bytes.readUInt32BE(0);
}
