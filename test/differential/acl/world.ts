/** What both programs see around them: a name server's zone and a host that callouts go to. */

import type { Zone } from '../../e2e/support/dns-server.ts';
import { SmtpSink } from '../../e2e/support/smtp-sink.ts';
import { spfZone } from './cases/spf.ts';

export const zone: Zone = {
  // 192.0.2.1 is confirmed, .2 has a name that leads elsewhere, .3 has none, .4 cannot be asked for
  '1.2.0.192.in-addr.arpa': ['PTR one.hosts.example'],
  'one.hosts.example': ['A 192.0.2.1'],
  '2.2.0.192.in-addr.arpa': ['PTR two.hosts.example'],
  'two.hosts.example': ['A 192.0.2.99'],
  '4.2.0.192.in-addr.arpa': ['SERVFAIL'],
  '5.2.0.192.in-addr.arpa': ['PTR five.hosts.example', 'PTR cinq.hosts.example'],
  'five.hosts.example': ['A 192.0.2.5'],
  'cinq.hosts.example': ['A 192.0.2.5'],
  'again.example': ['SERVFAIL'],
  'helo.example': ['A 192.0.2.3'],
  'other.example': ['A 192.0.2.77'],
  's.example': ['MX 10 mx.s.example'],
  'mx.s.example': ['A 192.0.2.25'],
  // lists of addresses
  '1.2.0.192.bl.example': ['A 127.0.0.2', 'TXT listed in bl'],
  '3.2.0.192.bl.example': ['A 127.0.0.2', 'A 127.0.0.6', 'TXT listed twice'],
  '1.2.0.192.bits.example': ['A 127.0.0.10', 'TXT bits'],
  '1.2.0.192.notext.example': ['A 127.0.0.4'],
  '1.2.0.192.odd.example': ['A 192.168.1.1', 'TXT odd'],
  '1.2.0.192.broken.example': ['SERVFAIL'],
  '4.2.0.192.bl.example': ['A 127.0.0.4'],
  's.example.rhs.example': ['A 127.0.0.2', 'TXT domain is listed'],
  'a.example.rhs.example': ['A 127.0.0.3'],
  'key.list.example': ['A 127.0.1.5', 'TXT by key'],
  'other.list.example': ['A 127.0.1.6', 'TXT other'],
  ...spfZone,
};

/** Local parts say how the host answers. */
export function startCalledHost(port?: number): Promise<SmtpSink> {
  return SmtpSink.start({ ...(port === undefined ? {} : { port }), reply: answer });
}

function answer(verb: string, line: string): string | undefined {
  if (verb === 'RCPT' && /<(?:bad|postmaster@bad)/.test(line)) return '550 no such user';
  if (verb === 'RCPT' && /<busy/.test(line)) return '450 busy';
  if (verb === 'RCPT' && /<drop/.test(line)) return 'close';
  if (verb === 'MAIL' && /<refused/.test(line)) return '550 sender refused';
  return undefined;
}
