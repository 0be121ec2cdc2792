/** Whether another connection is taken: smtp_accept_max and its reserve, the limit for one host. Spec ch. 14 "smtp_accept_max", "smtp_accept_max_per_host", "smtp_reserve_hosts". */
import type { Octets } from '../base/octets.ts';
import { parseDecimal } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import type { Counts } from './admission.ts';

export interface ConnectionRefusal {
  readonly reply: Octets;
  readonly logLine: Octets;
}

/** `counts` include the connection itself. */
export async function refuseConnection(counts: Counts, host: Octets, frame: Frame): Promise<ConnectionRefusal | undefined> {
  const { main } = frame.config;
  if (main.smtp_accept_max > 0) {
    if (counts.open > main.smtp_accept_max) return tooMany(host);
    const isInReserve = main.smtp_accept_reserve > 0 && counts.open > main.smtp_accept_max - main.smtp_accept_reserve;
    if (isInReserve && !(await isReserved(host, frame))) return tooMany(host);
  }
  const perHost = await hostLimit(frame);
  if (perHost > 0 && counts.fromHost > perHost) {
    return {
      reply: '421 Too many concurrent SMTP connections from this IP address; please try again later.\r\n',
      logLine: `Connection from [${host}] refused: too many connections from that IP address`,
    };
  }
  return undefined;
}

function tooMany(host: Octets): ConnectionRefusal {
  return {
    reply: '421 Too many concurrent SMTP connections; please try again later.\r\n',
    logLine: `Connection from [${host}] refused: too many connections`,
  };
}

async function isReserved(host: Octets, frame: Frame): Promise<boolean> {
  const list = frame.config.main.smtp_reserve_hosts;
  if (!list) return false;
  const match = await frame.services.lists.matchHost(list, { address: host, name: undefined, isSender: true }, frame);
  return match.kind === 'ok' && match.value.matched;
}

/** 0 for none; an expansion that fails is logged and limits nothing. */
async function hostLimit(frame: Frame): Promise<number> {
  const template = frame.config.main.smtp_accept_max_per_host;
  if (!template) return 0;
  const expanded = await template.evaluate(frame);
  if (expanded.kind === 'forced-fail') return 0;
  const limit = expanded.kind === 'ok' ? parseDecimal(expanded.value.octets) : undefined;
  if (limit !== undefined) return limit;
  frame.services.log.panic(
    `expansion of smtp_accept_max_per_host ${expanded.kind === 'ok' ? `gave "${expanded.value.octets}", which is no number` : `failed: ${expanded.message}`}`,
  );
  return 0;
}
