/** One comparison over sockets: a configuration and what clients say to the server. */

export interface NetworkCase {
  /** Unique; the golden table knows it by this name. */
  readonly name: string;
  /** Lines of the main section. What it sets takes the place of what all have. */
  readonly options?: string;
  /** The section `acl`. */
  readonly acls?: string;
  /** What clients do (`dialogue.ts`). */
  readonly script: string;
  /** Files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Everything is taken by usual ACLs, and left on the queue. a.example and b.example are local, and so is any address of another domain; remote.example is not.
 * Clients come from 127.0.0.2 and upwards, so that a table of these cases can be run on any machine.
 */
const USUAL_OPTIONS = `primary_hostname = mail.example.com
keep_environment =
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/exim.pid
timezone = UTC
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT1 : PORT2
daemon_startup_retries = 0
tls_advertise_hosts =
rfc1413_hosts =
queue_only
acl_smtp_rcpt = accept
log_selector = +smtp_connection +incoming_port +incoming_interface
smtp_receive_timeout = 8s
`;

const REST = `begin routers
remote:
  driver = manualroute
  domains = remote.example
  route_data = 127.0.0.9
  transport = remote
unknown:
  driver = redirect
  local_parts = nobody
  data = :fail: no such user
  allow_fail
gone:
  driver = redirect
  data = :blackhole:
begin transports
remote:
  driver = smtp
  port = PORT3
`;

/** `DIR` and `PORT1` to `PORT3` are replaced by who runs it. The first line is a file of settings that one of the programs needs. */
export function configurationOf({ options = '', acls = '' }: NetworkCase): string {
  const own = new Set(options.split('\n').map(optionName));
  const usual = USUAL_OPTIONS.split('\n').filter((line) => !own.has(optionName(line)));
  return `.include DIR/local.conf\n${usual.join('\n')}\n${options}\n\nbegin acl\n${acls}\n${REST}`;
}

function optionName(line: string): string {
  return line.replace(/^no_/, '').replace(/[ =].*/, '') || '(empty)';
}
