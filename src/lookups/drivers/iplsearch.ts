/** Linear search whose keys are IP addresses and networks; the first that holds the address counts. */
import type { IpNetwork } from '../../base/ip.ts';
import { isInNetwork, parseIp, parseNetwork, plainIp } from '../../base/ip.ts';
import type { Octets } from '../../base/octets.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import { defer, ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import type { KeyLine } from '../lsearch-file.ts';
import { dataAt, fullEntry, keyLines, openLinear } from '../lsearch-file.ts';

export default defineLookup({
  name: 'iplsearch',
  summary: 'Searches a text file whose keys are IP addresses or networks (`192.168.0.0/16: data`) for an address.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  optionNames: ['ret'],
  isResultTainted: false,
  open: (file, frame) =>
    openLinear(file, frame, (text) => {
      const entries = readNetworks(text);
      return {
        find: (key, options) => {
          const bytes = parseIp(plainIp(key.octets));
          if (!bytes && key.octets !== '*') {
            return defer(
              `"${key.octets}" is not a valid iplsearch key (an IP address, with optional CIDR mask, is wanted): in a host list, use net-iplsearch as the search type`,
            );
          }
          const found = entries.find(({ network, line }) => (bytes ? network && isInNetwork(bytes, network) : line.key === '*'));
          if (!found) return ok({ kind: 'not-found' });
          return ok({
            kind: 'found',
            value: untainted(options.get('ret') === 'full' ? fullEntry(text, found.line) : dataAt(text, found.line.restFrom)),
          });
        },
        close: () => undefined,
      };
    }),
});

function readNetworks(text: Octets): { readonly line: KeyLine; readonly network: IpNetwork | undefined }[] {
  return [...keyLines(text)].map((line) => ({ line, network: parseNetwork(line.key) }));
}
