/** What a run showed as one text, without what differs from run to run, from machine to machine and from version to version. */

/** Everything a program left behind. */
export interface Shown {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly logs: Readonly<Record<string, string>>;
  /** The -H files of the queue, oldest first. */
  readonly headers: readonly string[];
}

export interface Masking {
  readonly folder: string;
  readonly sinkPort: number;
}

export function transcript(shown: Shown, masking: Masking): string {
  const parts = [
    `exit ${shown.status}`,
    section('stdout', replies(shown.stdout)),
    section('stderr', withoutPanics(steps(shown.stderr), shown.logs.panic)),
  ];
  for (const [name, text] of Object.entries(shown.logs)) parts.push(section(`${name}log`, text));
  for (const text of shown.headers) parts.push(section('message', envelope(text)));
  return masked(parts.filter((part) => part !== '').join('\n'), masking);
}

function section(name: string, text: string): string {
  const shown = text.replace(/^ +\n/gm, '').replace(/\n+$/, '');
  return shown === '' ? '' : `--- ${name}\n${shown}`;
}

function replies(text: string): string {
  return text
    .replaceAll('\r', '')
    .replace(/^\n\*{4} SMTP testing session[^]*?not for real!\n\n/, '')
    .replace(/^(220 TLS go ahead\n)[^0-9][^]*$/m, '$1') // an alert
    .replace(/^2\d\d-(?:LIMITS .*|PIPECONNECT)\n/gm, ''); // the first is newer than 4.96, the second depends on what standard input is
}

function withoutTime(line: string): string {
  return line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '');
}

/** Exim shows lines of the panic log to who runs it, too. */
function withoutPanics(text: string, panics = ''): string {
  const told = new Set(panics.split('\n').map(withoutTime));
  return text
    .split('\n')
    .filter((line) => line === '' || !told.has(withoutTime(line)))
    .join('\n');
}

/** Of the trace, what ACLs do; how lists are searched is another matter, and has changed since 4.96. */
const ACL_STEP =
  /^ *(?:using ACL|processing |check |message: |l_message: |= |(?:accept|defer|deny|discard|drop|require|warn): |end of |delay modifier|dnslists check|verify defer|ratelimit |DNS lookup for|=> that means)/;

function steps(text: string): string {
  const lines = text.split('\n').filter((line) => !line.startsWith('>>>') || ACL_STEP.test(line.slice(3)));
  return lines
    .map((line) =>
      line
        .replace(/^(>>> *processing )(?:ACL \S+|inline ACL) ("\w+")/, '$1$2')
        .replace(/^(>>> .* ACL) "([^"]*)"/, '$1 $2')
        .replace(/^>>> +/, '>>> '),
    )
    .join('\n');
}

/** Lines of -H that say when, where and by whom it was received are left out; so is what only newer versions write. */
function envelope(text: string): string {
  const lines = text.split('\n').slice(1);
  const kept = lines.filter(
    (line, index) =>
      index !== 0 &&
      !/^(?:\d+ \d+|-received_time_(?:usec|complete) .*|-smtp_utf8.*|-tls_resumption .*|-host_auth_pubname .*| +)$/.test(line),
  );
  return kept
    .map((line) => line.replace(/^--?(host_address|ident)/, '-$1').replace(/^(-host_address .*\]):0$/, '$1'))
    .join('\n')

    .replace(/^\d+([P*] Received:)[^]*?(?=\n\d{3}[^\d])/m, '$1 (left out)');
}

function masked(text: string, { folder, sinkPort }: Masking): string {
  return text
    .replaceAll(folder, 'DIR')
    .replaceAll(new RegExp(`\\b${sinkPort}\\b`, 'g'), 'SINKPORT')
    .replace(/(?<![0-9A-Za-z])E?[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})\b/g, 'ID')
    .replace(/\bExim 4\.\d\d\b/g, 'Exim VERSION')
    .replace(/\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'DATE')
    .replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /gm, '')
    .replace(/^(?: *\n)?(?:LOG: )?TLS error on connection from .*(?:\n|$)/gm, '')
    .replace(/^-frozen \d+/gm, '-frozen TIME')
    .replace(/^\d{3}(?=I Message-Id:)/gm, 'NNN')
    .replace(/ACL ['"]warn['"] statement skipped(?: \(in .*? at line \d+ of \S+\))?:/g, 'ACL warn statement skipped:') // newer: where
    .replace(/^(?:LOG: )?ID qualify\/rewrite: .*\n/gm, '') // newer
    .replace(/(gave DEFER: )"([^"\n]*)"$/gm, '$1$2') // newer: quoted
    .replace(/\bS=\d+/g, 'S=SIZE')
    .replace(/^-ident \S+$/gm, '-ident USER')
    .replace(/\bReceived: from \w+ by /g, 'Received: from USER by ')
    .replace(/\bident=\w+/g, 'ident=USER')
    .replace(/\bHello \w+ at /g, 'Hello USER at ')
    .replace(/\bU=\w+/g, 'U=USER');
}
