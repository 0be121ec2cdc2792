/** F-Prot's older daemon: a GET of the file's path, answered with a small XML document. Spec ch. 45 "Scanning for viruses". */
import { type Octets, octetsFromBytes } from '../../../base/octets.ts';
import { type Finding, placeOf, type Scanner, type ScannerLink, UNNAMED, withLink } from '../scanner.ts';

const DEFAULT_PLACE = 'localhost 10200-10204';
const MAX_ANSWER_BYTES = 64 * 1024;

export const fProtd: Scanner = {
  name: 'f-protd',
  scan: ([address = ''], job) =>
    withLink(placeOf(address === '' ? DEFAULT_PLACE : address), job, async (link) => {
      await link.send(`GET ${job.file} HTTP/1.0\r\n\r\n\0`);
      return findingOf(await readAll(link), link);
    }),
};

/** Up to the end of the stream. */
async function readAll(link: ScannerLink): Promise<Octets> {
  let answer = '';
  while (answer.length <= MAX_ANSWER_BYTES) {
    const read = await link.read();
    if ('reason' in read) return link.fail(`unable to read from socket (${read.reason})`);
    if (read.bytes.length === 0) return answer;
    answer += octetsFromBytes(read.bytes);
  }
  return link.fail('buffer too small');
}

/** Something was detected when there is such an element or the summary says 11; no summary is no answer. */
function findingOf(answer: Octets, link: ScannerLink): Finding {
  const isFound = answer.includes('<detected type="') || answer.includes('<summary code="11">');
  if (!isFound && !answer.includes('<summary code=')) return link.fail('no summary from scanner');
  const names = [...answer.matchAll(/<name>([^<\r\n]+)<\/name>/g)];
  return isFound ? (names.at(-1)?.[1] ?? UNNAMED) : undefined;
}
