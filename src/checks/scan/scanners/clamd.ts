/**
 * ClamAV's daemon: `SCAN` of a file over a Unix socket or with `local`, else the message itself with `INSTREAM`; several servers over TCP, by
 * chance. Spec ch. 45 "Scanning for viruses"; clamd(8).
 */
import { type Octets, parseDecimal, trimEnd } from '../../../base/octets.ts';
import { parseTimeSpan } from '../../../base/time-span.ts';
import { piecesOf, withFile } from '../file-source.ts';
import type { Place } from '../reach.ts';
import { type Finding, ScanFailure, type ScanJob, type Scanner, type ScannerLink, UNNAMED, withLink } from '../scanner.ts';

const DEFAULT_SOCKET = '/tmp/clamd';
const MAX_SERVERS = 32;
const MAX_ANSWER_BYTES = 1024;

interface Server extends Place {
  readonly retrySeconds: number;
}

export const clamd: Scanner = {
  name: 'clamd',
  scan: async (options, job) => {
    const [first = DEFAULT_SOCKET] = options[0] === '' ? [] : options;
    if (first.startsWith('/')) {
      const server = parseServer(first);
      return ask({ ...server, ports: 'none' }, job, scanFile);
    }
    const items = options.map((text) => ({ text, isLocal: text === 'local' }));
    const isLocal = items.some((item) => item.isLocal);
    const servers = items.filter((item) => !item.isLocal && item.text !== '').flatMap(({ text }) => usableServer(text, job));
    if (servers.length === 0) throw new ScanFailure('', 'no useable server addresses in malware configuration option.');
    return askOne(servers.slice(0, MAX_SERVERS), job, isLocal ? scanFile : scanStream);
  },
};

/** `address port options` or `path options`; what has no port is told and left out. */
function usableServer(text: Octets, { warn }: ScanJob): readonly Server[] {
  if (!text.startsWith('/') && /[ \t]/.test(text)) return [parseServer(text)];
  warn('', `missing port: '${text}'`);
  return [];
}

function parseServer(text: Octets): Server {
  const [address = '', ...rest] = text.split(/[ \t]+/);
  const isPath = address.startsWith('/');
  const options = isPath ? rest : rest.slice(1);
  let retrySeconds = 0;
  for (const option of options) {
    const seconds = option.startsWith('retry=') ? parseTimeSpan(option.slice(6)) : undefined;
    if (seconds === undefined) throw new ScanFailure('', `bad option '${text}'`);
    retrySeconds = seconds;
  }
  const port = parseDecimal(/^[0-9]*/.exec(rest[0] ?? '')?.[0] ?? '') ?? 0;
  return { address, ports: isPath ? 'none' : [port, port], retrySeconds };
}

/** The first that can be reached; who cannot is told. */
async function askOne(servers: readonly Server[], job: ScanJob, how: Exchange): Promise<Finding> {
  const left = [...servers];
  const { random } = job.frame.services;
  while (left.length > 0) {
    const [server] = left.splice(random.below(left.length), 1);
    if (server === undefined) break;
    try {
      return await ask(server, job, how);
    } catch (error) {
      if (!(error instanceof Unreached)) throw error;
      job.warn(error.place, error.message);
    }
  }
  throw new ScanFailure('', 'all servers failed');
}

type Exchange = (link: ScannerLink, job: ScanJob) => Promise<void>;

/** Nobody took the connection: another server may. */
class Unreached extends ScanFailure {}

async function ask(server: Server, job: ScanJob, how: Exchange): Promise<Finding> {
  let reached = false;
  const use = async (link: ScannerLink): Promise<Finding> => {
    reached = true;
    await how(link, job);
    return findingOf(await link.readAnswer(MAX_ANSWER_BYTES, 'EOF'), link);
  };
  const attempt = async (): Promise<Finding> => {
    try {
      return await withLink(server, job, use);
    } catch (error) {
      if (error instanceof ScanFailure && !reached) throw new Unreached(error.place, error.message);
      throw error;
    }
  };
  if (server.retrySeconds === 0) return attempt();
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof Unreached)) throw error;
    await job.frame.services.clock.sleep(server.retrySeconds * 1000, job.until);
    return attempt();
  }
}

async function scanFile(link: ScannerLink, { file }: ScanJob): Promise<void> {
  await link.send(`SCAN ${file}\n`);
}

/** The size of each piece in four octets before it, and 0 at the end. */
async function scanStream(link: ScannerLink, { file, frame }: ScanJob): Promise<void> {
  await link.send('zINSTREAM\0', 'unable to send zINSTREAM to socket');
  await withFile(frame.services.files, file, async (source) => {
    for await (const piece of piecesOf(source)) {
      await link.send(sizeWord(piece.length), 'unable to send file size to socket');
      await link.send(piece, 'unable to send file body to socket');
    }
  });
  await link.send(sizeWord(0), 'unable to send file body terminator to socket');
}

function sizeWord(size: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(size);
  return word;
}

/** `name: VIRUS FOUND`, `name: OK`, `name: why ERROR`; in a VIRUS(hash:size) only the name counts. */
function findingOf(answer: Octets, link: ScannerLink): Finding {
  const text = trimEnd(answer.replace(/\0[^]*/, ''));
  if (answer.startsWith('\0')) return link.fail('ClamAV returned null');
  const colon = text.indexOf(':');
  if (colon < 0) return link.fail(`ClamAV returned malformed result (missing colon): ${text}`);
  const words = /^[ \t\r\n]*([^]*?)[ \t\r\n]*(FOUND|ERROR|OK)$/.exec(text.slice(colon + 1));
  switch (words?.[2]) {
    case 'FOUND':
      return words[1]?.replace(/\([^()]*:[0-9]+\)$/, '') || UNNAMED;
    case 'OK':
      if (words[1] === '') return undefined;
      break;
    case 'ERROR':
      return link.fail(`ClamAV returned: ${text}`);
  }
  return link.fail(`unparseable response from ClamAV: {${text}}`);
}
