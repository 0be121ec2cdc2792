/** Every verb with every outcome of its conditions and what stands around them. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const CONDITIONS: Readonly<Record<string, string>> = {
  none: '',
  true: '  condition = yes\n',
  false: '  condition = no\n',
  defer: '  condition = maybe\n',
  error: '  condition = ${if\n',
  'forced failure': '  condition = ${if eq{a}{b}{yes}fail}\n',
  'failing recipient': '  local_parts = failing\n  verify = recipient\n',
  'deferring recipient': '  local_parts = deferring\n  verify = recipient\n',
  'lookup that defers': '  condition = ${lookup dnsdb{a=again.example}{yes}{no}}\n',
};

const MODIFIERS: Readonly<Record<string, readonly [before: string, after: string]>> = {
  none: ['', ''],
  message: ['  message = said $acl_verify_message to $local_part\n', ''],
  'message behind': ['', '  message = said behind\n'],
  log_message: ['  log_message = logged $acl_verify_message\n', ''],
  'both messages': ['  message = said\n  log_message = logged\n', ''],
  logwrite: ['  logwrite = before\n', '  logwrite = after\n'],
};

const VERBS = ['accept', 'defer', 'deny', 'discard', 'drop', 'require', 'warn'];

export function verbCases(): AclCase[] {
  const cases: AclCase[] = [];
  for (const verb of VERBS) {
    for (const [condition, lines] of Object.entries(CONDITIONS)) {
      const recipient = condition.startsWith('deferring') ? 'deferring@a.example' : 'failing@a.example';
      const add = (name: string, statement: string) => cases.push(verbCase(`${verb}, ${condition}, ${name}`, statement, recipient));
      for (const [modifier, [before, after]] of Object.entries(MODIFIERS)) add(modifier, `  ${verb}\n${before}${lines}${after}`);
      if (verb !== 'accept' && verb !== 'discard') continue;
      add('endpass', `  ${verb}\n  endpass\n  message = after endpass\n${lines}`);
      add('endpass behind', `  ${verb}\n  message = before endpass\n${lines}  endpass\n`);
    }
  }
  return [...cases, ...DISCARDS, ...DROPS, ...IMPLICIT];
}

function verbCase(name: string, statement: string, recipient: string): AclCase {
  return {
    name: `verb: ${name}`,
    options: 'acl_smtp_rcpt = check',
    acls: `check:\n${statement}  accept\n`,
    input: `${greeting()}${recipients(recipient)}${QUIT}`,
  };
}

const discard = '  discard log_message = thrown away\n';
const whole = `${greeting()}${recipients('x@a.example', 'y@a.example')}${message()}${greeting('t@t.example')}${recipients('z@a.example')}${message()}${QUIT}`;

const DISCARDS: AclCase[] = [
  ['mail', discard],
  ['rcpt', discard],
  ['rcpt', '  discard local_parts = x\n  accept\n'],
  ['rcpt', '  discard local_parts = x\n  message = said\n  accept\n'],
  ['rcpt', '  accept acl = inner\n  deny\ninner:\n  discard\n'],
  ['rcpt', '  deny acl = inner\n  accept\ninner:\n  discard\n'],
  ['predata', discard],
  ['data', discard],
  ['data', '  discard\n'],
  ['helo', discard],
  ['connect', discard],
  ['quit', discard],
].map(([hook = '', statements = ''], index) => ({
  name: `discard ${index}: in ${hook}`,
  args: ['-bs', '-odq', '-oMa', '192.0.2.1'],
  options: `acl_smtp_${hook} = check\n${hook === 'rcpt' ? '' : 'acl_smtp_rcpt = all'}`,
  acls: `check:\n${statements}all:\n  accept\n`,
  input: whole,
}));

const HOOKS_OF_DROPS = ['connect', 'helo', 'mail', 'rcpt', 'predata', 'data', 'vrfy', 'expn', 'etrn', 'quit', 'starttls'];

const DROPS: AclCase[] = ['drop', 'defer', 'deny'].flatMap((verb) =>
  HOOKS_OF_DROPS.flatMap((hook) =>
    ['', '  message = so long\\n$sender_host_address\n', '  log_message = only logged\n', '  message = 4${if eq{a}{b}{2}{2}}1 x\n'].map(
      (text, index) => ({
        name: `${verb} in ${hook} ${index}`,
        args: ['-bs', '-odq', '-oMa', '192.0.2.1'],
        options:
          `acl_smtp_${hook} = check\nacl_smtp_vrfy = ${hook === 'vrfy' ? 'check' : 'all'}\nacl_smtp_notquit = gone${hook === 'rcpt' ? '' : '\nacl_smtp_rcpt = all'}`.replace(
            'acl_smtp_vrfy = check\n',
            '',
          ),
        acls: `check:\n  ${verb}\n${text}gone:\n  warn logwrite = notquit: $smtp_notquit_reason\nall:\n  accept\n`,
        input: `${greeting()}VRFY x@a.example\nEXPN x@a.example\nETRN x.example\nSTARTTLS\n${recipients('x@a.example')}${message()}${QUIT}`,
      }),
    ),
  ),
);

const IMPLICIT: AclCase[] = [
  '  accept domains = z.example\n',
  '  accept message = varied\n    domains = z.example\n',
  '  accept domains = z.example\n    endpass\n',
  '  require verify = recipient\n    message = required\n',
  '  warn message = X-Old: style\n',
  '  deny message = never\n    condition = no\n',
  '  accept verify = recipient\n',
  '  accept verify = recipient\n    message = not reached\n',
  '  discard message = for discard\n    condition = no\n',
  '',
].map((statements, index) => ({
  name: `implicit deny ${index}`,
  options: 'acl_smtp_rcpt = check',
  acls: `check:\n${statements}`,
  input: `${greeting()}${recipients('failing@a.example', 'nobody@a.example')}${QUIT}`,
}));
