/** `logwrite = [:logs:] <text>`: a line in a log at once. */
import type { Octets } from '../../base/octets.ts';
import { printable, trimSpace, trimStart } from '../../base/octets.ts';
import type { Log } from '../../core/index.ts';
import { defineAclModifier, fail, ok } from '../../core/index.ts';
import { logToPanicOnly } from '../../logging/rejections.ts';

const LOGS: ReadonlyMap<string, (log: Log, line: Octets, id: string | undefined) => void> = new Map([
  ['main', (log: Log, line: Octets, id: string | undefined) => log.main(line, id)],
  ['reject', (log: Log, line: Octets, id: string | undefined) => log.reject(line, [], id)],
  ['panic', (log: Log, line: Octets, id: string | undefined) => logToPanicOnly(log, line, id)],
]);

export default defineAclModifier({
  name: 'logwrite',
  summary: 'Writes a line to the main log, or to the logs named between colons at its beginning (main, reject, panic).',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: true,
  apply: (argument, { frame }) => {
    let line = argument.octets;
    let names = ['main'];
    if (line.startsWith(':')) {
      const end = line.indexOf(':', 1);
      if (end >= 0) {
        names = line
          .slice(1, end)
          .split(',')
          .map((name) => trimSpace(name));
        line = trimStart(line.slice(end + 1));
      }
    }
    for (const name of names) {
      const write = LOGS.get(name);
      if (!write) return fail(`unknown log name in "${argument.octets}" in "logwrite" in ACL`);
      write(frame.services.log, printable(line, { escapeHigh: !frame.config.main.print_topbitchars }), frame.transaction?.state.id);
    }
    return ok(undefined);
  },
});
