/** The router that asks a server for the address to use instead. Spec ch. 19 "The iplookup router". */
import { defineRouter } from '../../core/drivers.ts';
import { option } from '../../core/option.ts';
import { routerOptions } from '../generic-options.ts';
import { selfProblems } from '../self.ts';
import { settingsOf } from '../settings.ts';

export default defineRouter({
  name: 'iplookup',
  summary: 'Asks a server over TCP or UDP which address to use in place of this one. Not built yet.',
  spec: 'ch. 19 "The iplookup router"',
  generic: routerOptions,
  needsTransport: false,
  refusesTransport: true,
  validate: (set, generic) => [...selfProblems(settingsOf({ generic }).self), ...problems(set)],
  options: {
    hosts: option.string({ doc: 'The servers, tried in turn.' }),
    optional: option.boolean({ default: false, doc: 'Pass the address on when no server can be reached, in place of deferring it.' }),
    port: option.integer({ default: 0, doc: 'The port of the servers.' }),
    protocol: option.string({ doc: 'udp, which it is when unset, or tcp.' }),
    query: option.expanded({ doc: 'What is sent to the server; when unset $local_part@$domain, twice.' }),
    reroute: option.expanded({ doc: 'The new address; without it the response up to the first space.' }),
    response_pattern: option.string({ doc: 'What the response must match; its groups are $1 and so on in reroute.' }),
    timeout: option.time({ default: 5, doc: 'How long to wait for connection and response.' }),
  },
});

interface Checked {
  readonly port: number;
  readonly hosts: string | undefined;
  readonly protocol: string | undefined;
}

function problems({ port, hosts, protocol }: Checked): readonly string[] {
  if (port === 0) return ['a port must be specified'];
  if (protocol !== undefined && protocol !== 'udp' && protocol !== 'tcp') return ['protocol not specified as udp or tcp'];
  return hosts === undefined ? ['a host list must be specified'] : [];
}
