/** Avast's daemon: numbered replies, and between 210 and 200 a line for each file. Spec ch. 45 "Scanning for viruses". */
import type { Octets } from '../../../base/octets.ts';
import { type Finding, placeOf, type ScanJob, type Scanner, type ScannerLink, TIMED_OUT, withLink } from '../scanner.ts';

const DEFAULT_SOCKET = '/var/run/avast/scan.sock';
/** Options on our side; all others are sent to the daemon. */
const PASS_UNSCANNED = 'pass_unscanned';

export const avast: Scanner = {
  name: 'avast',
  scan: ([address = '', ...options], job) =>
    withLink(placeOf(address === '' ? DEFAULT_SOCKET : address), job, async (link) => {
      try {
        return await converse(link, options, job);
      } finally {
        await link.send('QUIT\n', 'unable to send quit request to socket').catch(() => undefined); // it may be gone: what was said counts
      }
    }),
};

async function converse(link: ScannerLink, options: readonly Octets[], job: ScanJob): Promise<Finding> {
  const greeting = await nextLine(link);
  if (!greeting.startsWith('220')) return link.fail(greeting);
  for (const option of options) {
    if (option === '' || option === PASS_UNSCANNED) continue;
    await link.send(`${option}\n`);
    await readReply(link, (line) => link.fail(line));
  }
  await link.send(`SCAN ${job.directory}\n`, 'unable to send SCAN request to socket');
  const passesUnscanned = options.includes(PASS_UNSCANNED);
  let found: Finding;
  await readReply(link, (line) => {
    const name = findingOf(line, link);
    const isUnscanned = /\t\[E\]/.test(line);
    if (isUnscanned && passesUnscanned) {
      const id = job.frame.transaction?.state.id;
      job.frame.services.log.main(`internal scanner error (ignored): ${line}`, id);
    } else found ??= name;
  });
  return found;
}

/** Lines up to one that begins with 200; `onData` gets those in between. */
async function readReply(link: ScannerLink, onData: (line: Octets) => void): Promise<void> {
  for (;;) {
    const line = await nextLine(link);
    if (line.startsWith('200')) return;
    if (line.startsWith('210')) continue;
    if (/^[0-9]{3}(?: |$)/.test(line)) return link.fail(line);
    onData(line);
  }
}

/** `file\t[+]`, `file\t[L]0.0\t0 Name`, `file\t[E]0.0\tError 42110 Why`; spaces of a name have backslashes. */
function findingOf(line: Octets, link: ScannerLink): Finding {
  if (/\t\[\+\]/.test(line)) return undefined;
  const name = /\t\[[LE]\][0-9.]+\t(?:Error )?[0-9]+ (.+)$/.exec(line)?.[1];
  return name === undefined ? link.fail(line) : name.replace(/\\(.)/g, '$1');
}

async function nextLine(link: ScannerLink): Promise<Octets> {
  const read = await link.readLine();
  if ('reason' in read) return link.fail(read.reason === TIMED_OUT ? 'timeout from scanner' : read.reason);
  if (read.line === undefined) return link.fail('EOF from scanner');
  return read.line === '' ? link.fail('got nothing from scanner') : read.line;
}
