/** Sophie: the directory's path is sent; `1:Name`, `0` or `-1` comes back. Spec ch. 45 "Scanning for viruses". */
import { octetsFromBytes } from '../../../base/octets.ts';
import { type Scanner, UNNAMED, withLink } from '../scanner.ts';

const DEFAULT_SOCKET = '/var/run/sophie';
const MAX_NAME = 1024;

export const sophie: Scanner = {
  name: 'sophie',
  scan: ([address = ''], job) =>
    withLink({ address: address === '' ? DEFAULT_SOCKET : address, ports: 'none' }, job, async (link) => {
      await link.send(`${job.directory}\n`, `unable to write to UNIX socket (${link.place})`);
      const read = await link.read();
      if ('reason' in read || read.bytes.length === 0) return link.fail(`unable to read from UNIX socket (${link.place})`);
      const [line = ''] = octetsFromBytes(read.bytes).split('\n');
      if (line[0] === '0') return undefined;
      if (line[0] !== '1') return link.fail('scanner reported error');
      return line.slice(2, MAX_NAME) || UNNAMED;
    }),
};
