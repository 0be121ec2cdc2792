/** `-bh`: an SMTP session as if from a host; nothing is delivered, checks are told on stderr. Spec ch. 5 "-bh". */
import { invariant } from '../base/invariant.ts';
import { formatFullIp, parseIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import type { Log, MessageStore } from '../core/index.ts';
import { SmtpSession } from '../receive/session.ts';
import type { Output } from '../system/standard-streams.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { presetOrigin, splitHostAndPort } from './origin.ts';
import { RehearsalStore } from './rehearsal-store.ts';

export const runHostTest: ModeRunner = async (context) => {
  const { invocation, io } = context;
  const mode = invocation.mode;
  invariant(mode?.kind === 'host-test', 'the mode is -bh');
  const given = splitHostAndPort(mode.host);
  const bytes = parseIp(given.address);
  invariant(bytes !== undefined, 'an address was given');
  const address = formatFullIp(bytes); // IPv6 in full, as Exim shows it here
  const opened = await openForMode(context, { replaceLog: (log) => rehearsalLog(log, io.stderr) });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller } = opened;
  const lifetime = new AbortController();
  const store: MessageStore = new RehearsalStore(() => runtime.spool.newId());
  const session = new SmtpSession({
    connection: io.connection(),
    config: runtime.config,
    services: runtime.services,
    store,
    mode: 'smtp-tcp',
    caller,
    isRehearsal: true,
    makesCallouts: mode.withCallouts,
    heading: `\n**** SMTP testing session as if from host ${address}\n**** but without any ident (RFC 1413) callback.\n**** This is not for real!\n\n`,
    connectionNumber: 1,
    connectionCount: 1,
    isTlsOnConnect: false,
    hostAddress: address,
    hostPort: given.port,
    presetOrigin: presetOrigin(invocation.origin),
    onAccepted: (accepted) => accepted.claim.release(),
    signal: lifetime.signal,
    deliveryMode: 'queue',
  });
  await session.run();
  lifetime.abort();
  opened.close();
  return 0;
};

/** Categories of `-d` that host checking shows behind `>>> `. */
const SHOWN: ReadonlySet<string> = new Set([
  'acl',
  'lists',
  'host_lookup',
  'dns',
  'lookup',
  'receive',
  'auth',
  'verify',
  'dnsbl',
  'expand',
  'route',
]);

/** Nothing goes to the logs: lines are shown with `LOG: `, steps with `>>> `. */
function rehearsalLog(log: Log, stderr: Output): Log {
  const show = (line: Octets, id?: string) =>
    stderr.write(`LOG: ${id === undefined ? '' : `${id} `}${printable(line, { escapeTab: false })}\n`);
  return {
    main: show,
    reject: () => {},
    panic: show,
    mainAndReject: (line, _headers, id) => show(line, id),
    debug: (category, text) => {
      if (!SHOWN.has(category)) return;
      for (const line of text().split('\n')) stderr.write(`>>> ${line}\n`);
    },
    isDebug: (category) => SHOWN.has(category),
    selected: (selector) => log.selected(selector),
    flush: () => {},
    written: () => Promise.resolve(),
  };
}
