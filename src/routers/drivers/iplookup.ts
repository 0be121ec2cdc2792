/** The router that asks a server for the address to use instead. Spec ch. 19 "The iplookup router". */
import { defineRouter } from '../../core/drivers.ts';
import { option } from '../../core/option.ts';
import { routerOptions } from '../generic-options.ts';

export default defineRouter({
  name: 'iplookup',
  summary: 'Asks a server over TCP or UDP which address to use in place of this one. Not built yet.',
  spec: 'ch. 19 "The iplookup router"',
  generic: routerOptions,
  needsTransport: false,
  validate: (set) => (set.port === 0 ? ['a port must be specified'] : set.hosts === undefined ? ['a host list must be specified'] : []),
  options: {
    hosts: option.string({ doc: 'The servers, tried in turn.' }),
    optional: option.boolean({ default: false, doc: 'Pass the address on when no server can be reached, in place of deferring it.' }),
    port: option.integer({ default: 0, doc: 'The port of the servers.' }),
    protocol: option.string({ default: 'udp', doc: 'udp or tcp.' }),
    query: option.expanded({ default: '$local_part@$domain $local_part@$domain', doc: 'What is sent to the server.' }),
    reroute: option.expanded({ doc: 'The new address; without it the response up to the first space.' }),
    response_pattern: option.string({ doc: 'What the response must match; its groups are $1 and so on in reroute.' }),
    timeout: option.time({ default: 5, doc: 'How long to wait for connection and response.' }),
  },
});
