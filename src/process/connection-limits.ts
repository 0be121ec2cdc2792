/** Whether another connection is taken: smtp_accept_max and its reserve, the limit for one host. Spec ch. 14 "smtp_accept_max", "smtp_accept_max_per_host", "smtp_reserve_hosts". */

import { invariant } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import { parseDecimal, printable } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import type { Admission } from './admission.ts';

export interface ConnectionRefusal {
  readonly reply: Octets;
  readonly logLine: Octets;
}

/** It has a place, which is to be given back. */
export interface AdmittedEntrance {
  readonly kind: 'admitted';
  /** Connections with this one; where nobody counts them 1. */
  readonly open: number;
  /** Only a host in `smtp_reserve_hosts` may keep the place. */
  readonly isReserved: boolean;
}

export type Entrance = AdmittedEntrance | { readonly kind: 'refused'; readonly refusal: ConnectionRefusal };

/** Whether a host may have a reserved place is asked when its session has begun: by then more is known of it. */
export async function admitConnection(admission: Admission, host: Octets, frame: Frame): Promise<Entrance> {
  const { main } = frame.config;
  const limits = { total: main.smtp_accept_max, reserve: Math.max(0, main.smtp_accept_reserve), perHost: await hostLimit(frame) };
  let given = await admission.enter(host, limits);
  const isReserved = given.verdict === 'reserve';
  if (isReserved) given = await admission.enter(host, { ...limits, reserve: 0 });
  if (given.verdict === 'admitted') return { kind: 'admitted', open: main.smtp_accept_max === 0 ? 1 : given.open, isReserved };
  return { kind: 'refused', refusal: refusalOf(given.verdict, frame) };
}

function refusalOf(verdict: 'host' | 'total' | 'reserve', frame: Frame): ConnectionRefusal {
  const who = caller(frame);
  switch (verdict) {
    case 'host':
      return {
        reply: '421 Too many concurrent SMTP connections from this IP address; please try again later.\r\n',
        logLine: `Connection from ${who} refused: too many connections from that IP address`,
      };
    default:
      invariant(verdict === 'total', 'there is no reserve for who may have it');
      return {
        reply: '421 Too many concurrent SMTP connections; please try again later.\r\n',
        logLine: `Connection from ${who} refused: too many connections`,
      };
  }
}

function caller({ session, services }: Frame): Octets {
  return session === undefined ? '' : hostAndIdent(session.state.origin, services.log, false);
}

/** 0 for none; an expansion that fails is logged and limits nothing. Of what is no number the digits at its beginning count. */
async function hostLimit(frame: Frame): Promise<number> {
  const template = frame.config.main.smtp_accept_max_per_host;
  if (!template) return 0;
  const expanded = await template.evaluate(frame);
  if (expanded.kind === 'forced-fail') return 0;
  const what = 'expansion of smtp_accept_max_per_host';
  if (expanded.kind !== 'ok') {
    frame.services.log.panic(`${what} failed for ${caller(frame)}: ${expanded.message}`);
    return 0;
  }
  const text = expanded.value.octets;
  const digits = /^[0-9]*/.exec(text)?.[0] ?? '';
  if (digits !== text) frame.services.log.panic(`${what} for ${caller(frame)} contains non-digit: ${printable(text)}`);
  return parseDecimal(digits) ?? 0;
}
