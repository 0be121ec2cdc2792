/** Whether another connection is taken: smtp_accept_max and its reserve, the limit for one host. Spec ch. 14 "smtp_accept_max", "smtp_accept_max_per_host", "smtp_reserve_hosts". */

import { invariant } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import { parseDecimal, printable } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import type { Admission, Admittance } from './admission.ts';

export interface ConnectionRefusal {
  readonly reply: Octets;
  readonly logLine: Octets;
}

export type Entrance =
  /** It has a place, which is to be given back; `open`: connections with this one. */
  { readonly kind: 'admitted'; readonly open: number } | { readonly kind: 'refused'; readonly refusal: ConnectionRefusal };

export async function admitConnection(admission: Admission, host: Octets, frame: Frame): Promise<Entrance> {
  const { main } = frame.config;
  const limits = { total: main.smtp_accept_max, reserve: Math.max(0, main.smtp_accept_reserve), perHost: await hostLimit(host, frame) };
  let given = await admission.enter(host, limits);
  if (given.verdict === 'reserve' && (await isReserved(host, frame))) given = await admission.enter(host, { ...limits, reserve: 0 });
  return given.verdict === 'admitted'
    ? { kind: 'admitted', open: given.open }
    : { kind: 'refused', refusal: refusalOf(given, host, frame) };
}

function refusalOf({ verdict, open }: Admittance, host: Octets, { config: { main } }: Frame): ConnectionRefusal {
  switch (verdict) {
    case 'host':
      return {
        reply: '421 Too many concurrent SMTP connections from this IP address; please try again later.\r\n',
        logLine: `Connection from [${host}] refused: too many connections from that IP address`,
      };
    case 'reserve':
      return {
        reply: `421 ${main.primary_hostname}: Too many concurrent SMTP connections; please try again later\r\n`,
        logLine: `temporarily refused connection from [${host}]: not in reserve list: connected=${open} max=${main.smtp_accept_max} reserve=${main.smtp_accept_reserve}`,
      };
    default:
      invariant(verdict === 'total', 'only refusals are explained');
      return {
        reply: '421 Too many concurrent SMTP connections; please try again later.\r\n',
        logLine: `Connection from [${host}] refused: too many connections`,
      };
  }
}

async function isReserved(host: Octets, frame: Frame): Promise<boolean> {
  const list = frame.config.main.smtp_reserve_hosts;
  if (!list) return false;
  const match = await frame.services.lists.matchHost(list, { address: host, name: undefined, isSender: true }, frame);
  return match.kind === 'ok' && match.value.matched;
}

/** 0 for none; an expansion that fails is logged and limits nothing. */
async function hostLimit(host: Octets, frame: Frame): Promise<number> {
  const template = frame.config.main.smtp_accept_max_per_host;
  if (!template) return 0;
  const expanded = await template.evaluate(frame);
  if (expanded.kind === 'forced-fail') return 0;
  const limit = expanded.kind === 'ok' ? parseDecimal(expanded.value.octets) : undefined;
  if (limit !== undefined) return limit;
  const what = 'expansion of smtp_accept_max_per_host';
  frame.services.log.panic(
    expanded.kind === 'ok'
      ? `${what} for [${host}] contains non-digit: ${printable(expanded.value.octets)}`
      : `${what} failed for [${host}]: ${expanded.message}`,
  );
  return 0;
}
