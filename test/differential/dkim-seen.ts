/** What is compared of a message with DKIM signatures: the replies to its data and the lines of the logs. */
import { type DkimCase, dkimSubmission } from './dkim-cases.ts';
import type { SubmissionBench } from './submission-bench.ts';
import type { Observation } from './submission-world.ts';

export interface DkimSeen {
  readonly replies: readonly string[];
  readonly log: readonly string[];
}

export function dkimSeen({ stdout, log }: Observation): DkimSeen {
  const replies = stdout.replaceAll('\r', '').split('\n');
  const from = replies.findIndex((line) => line.startsWith('354'));
  return { replies: replies.slice(from + 1).filter((line) => line !== '' && !line.startsWith('221')), log: log.map(plainLine) };
}

/** Without time, id, size; an Ed25519 key has as many bits as OpenSSL says, GnuTLS says 256. */
function plainLine(line: string): string {
  return line
    .replace(/^((?:\w+: )?)NOW (ID\d_* )?/, '$1')
    .replace(/ S=\d+/, '')
    .replace('key_length=<256>', 'key_length=<253>');
}

/** `server`: as an item of option `dns_servers`. */
export async function ownDkim(bench: SubmissionBench, each: DkimCase, server: string): Promise<DkimSeen> {
  const submission = dkimSubmission(each);
  return dkimSeen(await bench.observe({ ...submission, main: `${submission.main}dns_servers = ${server}\n` }));
}
