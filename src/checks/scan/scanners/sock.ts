/** Simple daemons: a line with the file's path is sent, and what comes back is searched. Spec ch. 45 "Scanning for viruses". */
import { placeOf, ScanFailure, type Scanner, withLink } from '../scanner.ts';
import { compileExpression, findName } from './output.ts';

const DEFAULT_SOCKET = '/tmp/malware.sock';
const DEFAULT_COMMAND = '%s\n';
const MAX_ANSWER_BYTES = 1024;

export const sock: Scanner = {
  name: 'sock',
  scan: async ([address = '', command = '', trigger, name], job) => {
    const place = placeOf(address === '' ? DEFAULT_SOCKET : address);
    const line = command === '' ? DEFAULT_COMMAND : command;
    if ((line.match(/%/g)?.length ?? 0) > (line.includes('%s') ? 1 : 0)) throw new ScanFailure('', 'unsafe sock scanner call spec');
    return withLink(place, job, async (link) => {
      const expressions = {
        trigger: compileExpression('trigger', trigger, job.frame),
        name: compileExpression('virus name regex', name, job.frame),
      };
      await link.send(line.replace('%s', () => job.file));
      const answer = await link.readAnswer(MAX_ANSWER_BYTES);
      return findName([answer.replace(/\0[^]*/, '')], expressions);
    });
  },
};
