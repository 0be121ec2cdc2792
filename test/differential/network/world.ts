/** The name server's zone that both programs see. */
import type { Zone } from '../../e2e/support/dns-server.ts';

export const zone: Zone = {
  // 127.0.0.2 is confirmed, .3 has a name that leads elsewhere, .4 has none, .5 cannot be asked for, .6 has two
  '2.0.0.127.in-addr.arpa': ['PTR two.hosts.example'],
  'two.hosts.example': ['A 127.0.0.2'],
  '3.0.0.127.in-addr.arpa': ['PTR three.hosts.example'],
  'three.hosts.example': ['A 127.0.0.99'],
  '5.0.0.127.in-addr.arpa': ['SERVFAIL'],
  '6.0.0.127.in-addr.arpa': ['PTR six.hosts.example', 'PTR seis.hosts.example'],
  'six.hosts.example': ['A 127.0.0.6'],
  'seis.hosts.example': ['A 127.0.0.6'],
  'helo.example': ['A 127.0.0.2'],
  'other.example': ['A 127.0.0.77'],
  'again.example': ['SERVFAIL'],
};
