/** `ratelimit` and `seen`, with counts that do not depend on the time. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const BS = ['-bs', '-odq', '-oMa', '192.0.2.1'];

const RATES: readonly string[] = [
  '2 / 1h',
  '2 / 1h / strict',
  '2 / 1h / leaky',
  '2 / 1h / per_mail / strict',
  '2 / 1h / per_rcpt / strict',
  '2 / 1h / per_rcpt / leaky',
  '2 / 1h / per_conn / strict',
  '2 / 1h / per_cmd / strict',
  '2 / 1h / per_byte / strict',
  '0.1k / 1h / per_byte / strict',
  '2 / 1h / per_addr / strict',
  '1 / 1h / per_addr',
  '2 / 1h / per_rcpt / count=2 / strict',
  '2 / 1h / count=0 / per_rcpt / strict',
  '2 / 1h / count=1 / per_rcpt / strict',
  '2 / 1h / count=5 / per_rcpt / strict',
  '2 / 1h / count=0.5 / per_rcpt / strict',
  '2 / 1h / count=0 / per_mail / strict',
  '2 / 1h / count=$recipients_count / per_cmd / strict',
  '2 / 1h / unique=$local_part / per_rcpt / strict',
  '2 / 1h / unique=same / per_rcpt / strict',
  '2 / 1h / per_rcpt / strict / $sender_address_domain',
  '2 / 1h / per_rcpt / strict / ${local_part}',
  '2 / 1h / per_rcpt / strict / a key / with slashes',
  '2 / 1h / per_rcpt / noupdate',
  '2 / 1h / per_rcpt / readonly',
  '1 / 60m / per_rcpt / strict',
  '1 / 3600s / per_rcpt / strict',
  '${eval:1+1} / 1h / per_rcpt / strict',
  '2/1h/per_rcpt/strict',
  ' 2 / 1h / per_rcpt / strict ',
  '1M / 1h / per_rcpt / strict',
  '1e1 / 1h / per_rcpt / strict',
  '0x2 / 1h / per_rcpt / strict',
  '2 / 1h / strict / per_rcpt / strict',
  '2 / 1h / per_rcpt / per_rcpt',
  '2 / 1h / per_mail / per_conn',
  '2 / 1h / per_rcpt / PER_CMD / strict',
];

const SHOWN = 'rate $sender_rate limit $sender_rate_limit period $sender_rate_period';

export function limitCases(): AclCase[] {
  const rates = RATES.flatMap((rate) =>
    ['rcpt', 'data', 'mail'].flatMap((hook) =>
      ['deny', 'warn']
        .map(
          (verb): AclCase => ({
            name: `ratelimit, ${hook}, ${verb}: ${rate}`,
            args: BS,
            options: `acl_smtp_${hook} = check${hook === 'rcpt' ? '' : '\nacl_smtp_rcpt = all'}`,
            acls: `check:\n  ${verb} ratelimit = ${rate}\n    message = over\n    log_message = ${SHOWN}\n  accept logwrite = ${SHOWN}\nall:\n  accept\n`,
            input: `${greeting()}${recipients('a@a.example', 'b@a.example', 'a@a.example')}${message()}${greeting()}${recipients('c@a.example')}${message()}${greeting()}${recipients('d@b.example', 'd@b.example')}${message()}${QUIT}`,
          }),
        )
        .filter(({ name }) => hook === 'rcpt' || name.includes('deny')),
    ),
  );
  const others = SEQUENCES.map(
    ([name = '', acls = '']): AclCase => ({
      name: `limits: ${name}`,
      args: BS,
      options: 'acl_smtp_rcpt = check',
      acls,
      input: `${greeting()}${recipients('a@a.example', 'b@a.example', 'a@a.example', 'c@a.example')}${message()}${QUIT}`,
    }),
  );
  return [...rates, ...others];
}

const SEQUENCES: readonly (readonly [string, string])[] = [
  [
    'the same rate twice',
    `check:\n  warn ratelimit = 10/1h/per_rcpt/strict\n  warn ratelimit = 10/1h/per_rcpt/strict\n  accept logwrite = ${SHOWN}\n`,
  ],
  [
    'other limits of one rate',
    `check:\n  warn ratelimit = 10/1h/per_rcpt/strict\n  warn ratelimit = 1/1h/per_rcpt/strict\n    log_message = over\n  accept logwrite = ${SHOWN}\n`,
  ],
  [
    'read after update',
    `check:\n  warn ratelimit = 10/1h/per_rcpt/strict\n  warn ratelimit = 2/1h/per_rcpt/noupdate\n    log_message = over\n  accept logwrite = ${SHOWN}\n`,
  ],
  ['negated', `check:\n  deny !ratelimit = 2/1h/per_rcpt/strict\n    message = under\n  accept logwrite = ${SHOWN}\n`],
  [
    'in a nested ACL',
    `check:\n  deny acl = inner\n    message = over\n  accept logwrite = ${SHOWN}\ninner:\n  accept ratelimit = 2/1h/per_rcpt/strict\n`,
  ],
  ['variables before', `check:\n  warn logwrite = before: ${SHOWN}\n  accept ratelimit = 2/1h/per_rcpt/strict\n  accept\n`],
  ['seen', 'check:\n  warn seen = 1d\n    log_message = seen long ago\n  warn seen = -1d\n    log_message = seen lately\n  accept\n'],
  ['seen by key', 'check:\n  warn seen = -1d / key=$local_part\n    log_message = seen $local_part\n  accept\n'],
  ['not seen by key', 'check:\n  warn !seen = -1d / key=$local_part\n    log_message = not seen $local_part\n  accept\n'],
  ['seen, read only', 'check:\n  warn seen = -1d / key=$local_part / readonly\n    log_message = seen $local_part\n  accept\n'],
  ['seen, write', 'check:\n  warn seen = 1d / key=$local_part / write\n    log_message = seen $local_part\n  accept\n'],
  ['seen, no interval', 'check:\n  warn seen = / key=$local_part\n    log_message = seen $local_part\n  accept\n'],
  ['seen, never', 'check:\n  warn seen = never / key=$local_part\n    log_message = seen $local_part\n  accept\n'],
];
