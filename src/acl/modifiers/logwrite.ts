/** `logwrite = [:logs:] <text>`: a line in a log at once. */
import type { Octets } from '../../base/octets.ts';
import { printable, trimStart } from '../../base/octets.ts';
import type { AclPhase, Frame, Log } from '../../core/index.ts';
import { defineAclModifier, ok } from '../../core/index.ts';
import { rejectedMessage } from '../../logging/lines/rejection.ts';
import { logToPanicOnly } from '../../logging/rejections.ts';
import { phaseName } from '../phases.ts';

/** `message`: what is known of it, for the reject log. */
type LogWriter = (log: Log, line: Octets, id: string | undefined, message: readonly Octets[]) => void;

const writeMain: LogWriter = (log, line, id) => log.main(line, id);

const LOGS: ReadonlyMap<string, LogWriter> = new Map<string, LogWriter>([
  ['main', writeMain],
  ['reject', (log, line, id, message) => log.reject(line, message, id)],
  ['panic', (log, line, id) => logToPanicOnly(log, line, id)],
]);

export default defineAclModifier({
  name: 'logwrite',
  summary: 'Writes a line to the main log, or to the logs named between colons at its beginning (main, reject, panic).',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: true,
  apply: (argument, { frame, phase }) => {
    const parsed = parseArgument(argument.octets);
    const { services, config, transaction } = frame;
    const { log } = services;
    const id = transaction?.state.id;
    if (parsed === undefined) log.panic(`unknown log name in "${argument.octets}" in "logwrite" in ${phaseName(phase)} ACL`, id);
    else
      for (const write of parsed.writes)
        write(log, printable(parsed.line, { escapeHigh: !config.main.print_topbitchars, escapeTab: false }), id, messageOf(frame, phase));
    return ok(undefined);
  },
});

/** Once its header has come. */
function messageOf({ transaction }: Frame, phase: AclPhase): readonly Octets[] {
  if (transaction === undefined || !WITH_HEADER.has(phase)) return [];
  const { sender, recipients, headers } = transaction.state;
  return rejectedMessage(
    sender ?? '',
    recipients.map(({ address }) => address),
    headers,
  );
}

const WITH_HEADER: ReadonlySet<AclPhase> = new Set(['data']);

/** Undefined: there is no such log, or no colon behind the names. */
function parseArgument(text: Octets): { readonly writes: readonly LogWriter[]; readonly line: Octets } | undefined {
  if (!text.startsWith(':')) return { writes: [writeMain], line: text };
  const end = text.indexOf(':', 1);
  const names = text.slice(1, end < 0 ? undefined : end);
  if (names === '') return { writes: [writeMain], line: trimStart(text.slice(2)) };
  const writes = names.split(',').map((name) => LOGS.get(name));
  if (end < 0 || !writes.every((write) => write !== undefined)) return undefined;
  return { writes, line: trimStart(text.slice(end + 1)) };
}
