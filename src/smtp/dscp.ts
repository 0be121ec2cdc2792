/** The values that Exim knows for the DSCP field of a connection's packets. Spec ch. 30 "The smtp transport" (`dscp`). */
import { lowerCase, type Octets } from '../base/octets.ts';

/** In the order of `-bI:dscp`. */
export const DSCP_NAMES: readonly Octets[] = [
  ...['af11', 'af12', 'af13', 'af21', 'af22', 'af23', 'af31', 'af32', 'af33', 'af41', 'af42', 'af43'],
  ...['ef', 'lowcost', 'lowdelay', 'mincost', 'reliability', 'throughput'],
];

/** A name in any case, or a number in C's notation. */
export function isDscpValue(text: Octets): boolean {
  return /^(?:0[xX][0-9A-Fa-f]+|[0-9]+)$/.test(text) || DSCP_NAMES.includes(lowerCase(text));
}
