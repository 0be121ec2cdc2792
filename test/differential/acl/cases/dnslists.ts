/** `dnslists` in all its forms, against the zone of `world.ts`. */
import { type AclCase, greeting, QUIT, recipients } from '../case.ts';

const LISTS: readonly string[] = [
  'bl.example',
  'none.example',
  'none.example : bl.example',
  'bl.example=127.0.0.2',
  'bl.example=127.0.0.3',
  'bl.example=127.0.0.3,127.0.0.2',
  'bl.example==127.0.0.2',
  'bl.example==127.0.0.2,127.0.0.6',
  'bl.example!=127.0.0.2',
  'bl.example!=127.0.0.3',
  'bl.example!==127.0.0.2',
  'bl.example!=127.0.0.2,127.0.0.6',
  'bl.example&0.0.0.2',
  'bl.example&0.0.0.4',
  'bl.example!&0.0.0.2',
  'bl.example!&0.0.0.4',
  'bl.example=&0.0.0.2',
  'bl.example=&0.0.0.6',
  'bl.example!=&0.0.0.2',
  'bits.example&0.0.0.2,0.0.0.4',
  'bits.example&0.0.0.10',
  'bits.example=&0.0.0.10',
  'bits.example=127.0.0.0/8',
  'bits.example=127.0.0.10/32',
  'bits.example!=127.0.0.0/8',
  'odd.example',
  'odd.example=192.168.1.1',
  'odd.example=192.168.0.0/16',
  'notext.example',
  'notext.example,bl.example',
  'bl.example,none.example',
  'bl.example,notext.example=127.0.0.2',
  'none.example,bl.example',
  'broken.example',
  'broken.example : bl.example',
  '+include_unknown : broken.example',
  '+exclude_unknown : broken.example : bl.example',
  '+defer_unknown : broken.example',
  '+defer_unknown : broken.example : bl.example',
  '+bogus : bl.example',
  'rhs.example/$sender_address_domain',
  'rhs.example/$domain',
  'rhs.example/nothere.example',
  'rhs.example/<;nothere.example;s.example',
  'rhs.example=127.0.0.3/$domain',
  'rhs.example=127.0.0.2/$domain',
  'list.example/key',
  'list.example=127.0.1.5/key',
  'list.example/<|nokey|other|key',
  'list.example/',
  'list.example/ key',
  'bl.example/192.0.2.3',
  'bl.example/192.0.2.9',
  'bl.example/<;192.0.2.9;192.0.2.3',
  'bl.example/2001:db8::1',
  'bl.example/$sender_host_address',
  '<; none.example ; bl.example',
  'bl.example : bl.example',
  ' bl.example ',
  'BL.example',
  '${if eq{a}{a}{bl.example}}',
  'again.example/x : bl.example',
];

const SHOWN = 'domain=$dnslist_domain matched=$dnslist_matched value=$dnslist_value text=$dnslist_text';

export function dnslistCases(): AclCase[] {
  const hosts = ['192.0.2.1', '192.0.2.3', '192.0.2.4'];
  const single = hosts.flatMap((host, index) =>
    LISTS.filter((list) => index === 0 || /^bl\.example[=!&]|^bl\.example$|,/.test(list)).map(
      (list): AclCase => dnslistCase(`${host}: ${list}`, host, list),
    ),
  );
  return [...single, dnslistCase('IPv6', '2001:db8::1', 'bl.example'), ...SEQUENCES];
}

function dnslistCase(name: string, host: string, list: string): AclCase {
  return {
    name: `dnslists, ${name}`,
    args: ['-bh', host],
    options: 'acl_smtp_rcpt = check',
    acls: `check:\n  deny dnslists = ${list}\n    message = ${SHOWN}\n    log_message = $dnslist_domain: $dnslist_text\n  accept message = ${SHOWN}\n`,
    input: `${greeting()}${recipients('x@a.example')}${QUIT}`,
  };
}

const SEQUENCES: AclCase[] = [
  [
    'asked twice',
    `check:\n  warn dnslists = bl.example\n    logwrite = ${SHOWN}\n  warn dnslists = bl.example=127.0.0.2\n    logwrite = ${SHOWN}\n  accept\n`,
  ],
  ['negated', 'check:\n  deny !dnslists = bl.example\n    message = not listed\n  accept message = listed\n'],
  ['values afterwards', `check:\n  warn dnslists = bl.example\n  warn dnslists = none.example\n  accept logwrite = ${SHOWN}\n`],
  ['after a defer', `check:\n  warn dnslists = +defer_unknown : broken.example\n    logwrite = ${SHOWN}\n  accept logwrite = ${SHOWN}\n`],
  ['implicit text', 'check:\n  deny dnslists = bl.example\n'],
  [
    'only a message',
    'check:\n  deny message = $sender_host_address is in $dnslist_domain${if def:dnslist_text{: $dnslist_text}}\n    dnslists = notext.example : bl.example\n',
  ],
].map(([name = '', acls = '']) => ({
  name: `dnslists, ${name}`,
  options: 'acl_smtp_rcpt = check',
  acls,
  input: `${greeting()}${recipients('x@a.example', 'y@a.example')}${QUIT}`,
}));
