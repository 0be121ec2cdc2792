/** One comparison: a configuration, how the program is called, and what is said to it. */

export interface AclCase {
  /** Unique; the golden table knows it by this name. */
  readonly name: string;
  /** Arguments; default `-bh 192.0.2.1`. With `-bs` the logs and the spool are compared too. */
  readonly args?: readonly string[];
  /** Lines of the main section. */
  readonly options?: string;
  /** The section `acl`. */
  readonly acls?: string;
  /** Sections behind it, in place of the usual routers and transports. */
  readonly rest?: string;
  /** Standard input. */
  readonly input?: string;
}

/** Where the dialogues' hosts and mailboxes are: a.example and b.example are local, all others unknown unless the zone has them. */
const HEADER = `primary_hostname = mail.example.com
domainlist local_domains = a.example : b.example
keep_environment =
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
timezone = UTC
`;

const USUAL_ROUTERS = `begin routers
fails:
  driver = redirect
  domains = +local_domains
  local_parts = failing
  data = :fail: gone for good
  allow_fail
defers:
  driver = redirect
  domains = +local_domains
  local_parts = deferring
  data = :defer: come back later
  allow_defer
alias:
  driver = redirect
  domains = +local_domains
  local_parts = alias : two : loop
  data = \${if eq{$local_part}{alias}{joe@a.example}{\${if eq{$local_part}{two}{joe@a.example, nobody@a.example}{nobody@a.example}}}}
local:
  driver = accept
  domains = +local_domains
  local_parts = ! nobody
  address_data = data of $local_part
  transport = discard
remote:
  driver = manualroute
  domains = *.remote.example
  route_data = 127.0.0.1
  self = send
  transport = remote
begin transports
discard:
  driver = appendfile
  file = /dev/null
remote:
  driver = smtp
  port = SINKPORT
  allow_localhost
`;

/** `DIR` and `SINKPORT` are replaced by who runs it. The first line is a file of settings that one of the programs needs. */
export function configurationOf({ options = '', acls = '', rest = USUAL_ROUTERS }: AclCase): string {
  return `.include DIR/local.conf\n${HEADER}${options}\nbegin acl\n${acls}\n${rest}`;
}

/** The beginning of a session. */
export function greeting(sender = 's@s.example', helo = 'EHLO client.example'): string {
  return `${helo}\nMAIL FROM:<${sender}>\n`;
}

export function recipients(...addresses: readonly string[]): string {
  return addresses.map((address) => `RCPT TO:<${address}>\n`).join('');
}

export function message(text = 'From: s@s.example\nTo: x@a.example\nSubject: test\n\nbody\n'): string {
  return `DATA\n${text}.\n`;
}

export const QUIT = 'QUIT\n';
