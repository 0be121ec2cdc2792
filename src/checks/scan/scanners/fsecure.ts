/** F-Secure's daemon: settings first, then lines of tab-separated words about the file, `OK` at the end. Spec ch. 45 "Scanning for viruses". */
import type { Octets } from '../../../base/octets.ts';
import { type Finding, type Scanner, type ScannerLink, UNNAMED, withLink } from '../scanner.ts';

const DEFAULT_SOCKET = '/var/run/.fsav';
const SETTINGS = ['ARCHIVE\t1', 'TIMEOUT\t0', 'MAXARCH\t5', 'MIME\t1'];
const MAX_LINES = 10_000;

export const fsecure: Scanner = {
  name: 'fsecure',
  scan: ([address = ''], job) =>
    withLink({ address: address === '' ? DEFAULT_SOCKET : address, ports: 'none' }, job, async (link) => {
      for (const [index, setting] of SETTINGS.entries()) {
        await link.send(`CONFIGURE\t${setting}\n`, `unable to send to socket (CONFIGURE\t${setting})`);
        const read = await link.read();
        if ('reason' in read || read.bytes.length === 0) {
          return link.fail(`unable to read answer ${index} (${'reason' in read ? read.reason : 'Success'})`);
        }
      }
      await link.send(`SCAN\t${job.file}\n`, `unable to send to socket (SCAN\t${job.file})`);
      return readFinding(link);
    }),
};

async function readFinding(link: ScannerLink): Promise<Finding> {
  let found: Finding;
  for (let count = 0; count < MAX_LINES; count++) {
    const read = await link.readLine();
    if ('reason' in read) return link.fail(`unable to read result (${read.reason})`);
    if (read.line === undefined) return link.fail('unable to read result (Success)');
    if (read.line.startsWith('OK\t')) return found;
    found ??= infectionOf(read.line);
  }
  return link.fail('unable to read result (too many lines)');
}

/** `INFECTED\tfile\tName\tengine`. */
function infectionOf(line: Octets): Finding {
  const at = line.indexOf('INFECTED');
  if (at < 0) return undefined;
  return line.slice(at).split('\t')[2] || UNNAMED;
}
