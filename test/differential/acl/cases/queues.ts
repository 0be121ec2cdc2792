/** The modifier `queue`: names, where it may stand, and how long it holds. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const BS = ['-bs', '-odq', '-oMa', '192.0.2.1'];
const TOLD = 'told:\n  accept logwrite = <$queue_name>\n';
const HOOKS = ['connect', 'helo', 'mail', 'rcpt', 'predata', 'data', 'mime', 'data_prdr', 'vrfy', 'quit'] as const;
const LOCAL_HOOKS = ['not_smtp_start', 'not_smtp'] as const;
const NAMES: readonly string[] = [
  'slow',
  '',
  ' ',
  'two words',
  'a/b',
  '/',
  'a/',
  'a:b',
  '\\xe9t\\xe9',
  '$local_part',
  'a$local_part',
  '$sender_address_domain',
  '$primary_hostname',
  '${lookup{$local_part}nwildlsearch{DIR/nothere}}',
  '${if eq{$queue_name}{}{first}{$queue_name}}',
  '${if eq{a}{b}{x}fail}',
  '${nonsense}',
];

function twice(second = 'default'): string {
  const again = `MAIL FROM:<${second}@s.example>\n${recipients('y@a.example')}${message()}`;
  return `${greeting()}VRFY x@a.example\n${recipients('x@a.example')}${message()}${again}${QUIT}`;
}

function nameCases(): AclCase[] {
  return NAMES.flatMap((name) =>
    [undefined, BS].map((args) => ({
      name: `queue${args ? '' : ' -bh'}: ${name}`,
      ...(args ? { args } : {}),
      options: 'acl_smtp_rcpt = check\nacl_smtp_data = told',
      acls: `check:\n  accept queue = ${name}\n${TOLD}`,
      input: twice(),
    })),
  );
}

function hookCases(): AclCase[] {
  const smtp = HOOKS.map((hook) => ({
    name: `queue in ${hook}`,
    args: BS,
    options: `acl_smtp_${hook} = check${hook === 'rcpt' ? '' : '\nacl_smtp_rcpt = told'}${hook === 'data' ? '' : '\nacl_smtp_data = told'}`,
    acls: `check:\n  accept queue = slow\n    logwrite = named $queue_name\n${TOLD}`,
    input: twice(),
  }));
  const local = LOCAL_HOOKS.flatMap((hook) =>
    [
      ['-bm', '-odq', 'x@a.example'],
      ['-bS', '-odq'],
    ].map((args) => ({
      name: `queue in ${hook} ${args[0]}`,
      args,
      options: `acl_${hook} = check\nacl_${hook === 'not_smtp' ? 'not_smtp_start' : 'not_smtp'} = told`,
      acls: `check:\n  accept queue = slow\n    logwrite = named $queue_name\n${TOLD}`,
      input: args[0] === '-bS' ? twice() : 'Subject: x\n\nbody\n',
    })),
  );
  return [...smtp, ...local];
}

export const queueCases = (): readonly AclCase[] => [
  ...nameCases(),
  ...hookCases(),
  {
    name: 'queue of the second message',
    args: BS,
    options: 'acl_smtp_mail = check\nacl_smtp_rcpt = told\nacl_smtp_data = told',
    acls: `check:\n  accept senders = default@s.example\n    queue =\n  accept queue = slow\n${TOLD}`,
    input: twice(),
  },
  {
    name: 'queue and a message that is not taken',
    args: BS,
    options: 'acl_smtp_rcpt = check\nacl_smtp_data = refuse',
    acls: 'check:\n  accept queue = slow\nrefuse:\n  deny message = from $queue_name\n',
    input: `${greeting()}${recipients('x@a.example')}${message()}RSET\n${QUIT}`,
  },
  {
    name: 'queue and everything discarded',
    args: BS,
    options: 'acl_smtp_rcpt = check\nacl_smtp_data = drop',
    acls: 'check:\n  accept queue = slow\ndrop:\n  discard log_message = away\n',
    input: `${greeting()}${recipients('x@a.example')}${message()}${QUIT}`,
  },
];
