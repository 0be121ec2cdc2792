/** F-Prot's daemon of version 6 (FPSCAND): a line is asked, a line is the answer. Spec ch. 45 "Scanning for viruses". */
import type { Octets } from '../../../base/octets.ts';
import { type Finding, placeOf, type Scanner, type ScannerLink, UNNAMED, withLink } from '../scanner.ts';

const DEFAULT_PLACE = 'localhost 10200';
const MAX_ANSWER_BYTES = 1024;

export const fProt6d: Scanner = {
  name: 'f-prot6d',
  scan: ([address = ''], job) =>
    withLink(placeOf(address === '' ? DEFAULT_PLACE : address), job, async (link) => {
      await link.send(`SCAN FILE ${job.file}\n`, `unable to send to socket (SCAN FILE ${job.file})`);
      const answer = await link.readAnswer(MAX_ANSWER_BYTES);
      await link.send('QUIT\n');
      return findingOf(answer, link);
    }),
};

/** `0 <clean> file`, `1 <infected: Name> file`; every other code is an error. */
function findingOf(answer: Octets, link: ScannerLink): Finding {
  const [line = ''] = answer.split('\n');
  const [, code, text = ''] = /^([0-9]+) <([^>]*)>/.exec(line) ?? [];
  if (code === '0') return undefined;
  const name = /^(?:contains )?infected(?: objects)?: *([^]*)$/.exec(text)?.[1];
  return name === '' ? UNNAMED : (name ?? link.fail(`scanner reported error (${text === '' ? line : text})`));
}
