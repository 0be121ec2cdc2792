/** What a case showed as one text, without what differs from run to run, from machine to machine and from version to version. */

export interface Shown {
  /** What the clients saw. */
  readonly dialogue: string;
  readonly logs: Readonly<Record<string, string>>;
  /** The -H files of the queue, oldest first. */
  readonly headers: readonly string[];
}

export interface Masking {
  readonly folder: string;
  readonly ports: readonly number[];
}

export function transcript({ dialogue, logs, headers }: Shown, masking: Masking): string {
  const parts = [
    replies(dialogue),
    ...Object.entries(logs).map(([name, text]) => section(`${name}log`, usualLines(text))),
    ...headers.map((text) => section('message', envelope(text))),
  ];
  return masked(parts.filter((part) => part !== '').join('\n'), masking);
}

function section(name: string, text: string): string {
  const shown = text.replace(/\n+$/, '');
  return shown === '' ? '' : `--- ${name}\n${shown}`;
}

function replies(text: string): string {
  return text.replaceAll('\r', '').replaceAll(/^((?:\w+ )?S: )?(?:\w+ )?250-LIMITS .*\n/gm, '$1');
}

/** Without when and how the daemon began, and what versions behind 4.96 add. What deliveries say, which run beside the session, comes last. */
function usualLines(text: string): string {
  const isOfDelivery = (line: string) => / (?:[-=]>|==|\*\*|Completed|Connection refused)(?: |$)/.test(line);
  const lines = text.split('\n');
  return [...lines.filter((line) => !isOfDelivery(line)), ...lines.filter(isOfDelivery)]
    .filter((line) => !/ daemon started: |^ *$|No server certificate|Suggested action: either| cwd=| qualify\/rewrite: /.test(line))
    .join('\n');
}

const VARYING = /^(?:\d+ \d+|-received_time_(?:usec|complete) .*|-smtp_utf8.*|-tls_resumption .*|-host_auth_pubname .*| +)$/;

/** Lines of -H that say when, where and by whom it was received are left out; so is what only newer versions write. */
function envelope(text: string): string {
  return text
    .split('\n')
    .slice(2)
    .filter((line) => !VARYING.test(line))
    .join('\n');
}

function masked(text: string, { folder, ports }: Masking): string {
  let shown = text.replaceAll(folder, 'DIR');
  ports.forEach((port, index) => {
    shown = shown.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), `PORT${index + 1}`);
  });
  return shown
    .replace(/(?<![0-9A-Za-z])E?[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})(?![0-9A-Za-z])/g, 'ID')
    .replace(/\bExim 4\.\d\d\b/g, 'Exim VERSION')
    .replace(/\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'DATE')
    .replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})? /gm, (_, fraction) => (fraction === undefined ? '' : 'MILLISECONDS '))
    .replace(/^((?:MILLISECONDS )?)\[\d+\] /gm, '$1[PID] ')
    .replace(/\](:|\.)\d{4,5}\b/g, ']$1PORT')
    .replace(/\bCi=[0-9A-Za-z-]+/g, 'Ci=ID')
    .replace(/\b(D|RT|QT|DT)=(?:\d+[dhms])*\d+(\.\d{3})?s/g, (_, name, fraction) => `${name}=${fraction === undefined ? '' : '.'}TIME`)
    .replace(/ D=\.?TIME(?= closed by| closed after|$)/gm, '') // of connections: newer than 4.96
    .replace(/(load average =) \d+\.\d+/g, '$1 LOAD')
    .replace(/(next input="[^\n]*") \(\d+ bytes\)/g, '$1') // newer
    .replace(/(check failed: space=)\d+ inodes=\d+/g, '$1NUMBER inodes=NUMBER')
    .replace(/(immediate delivery: load average) \d+\.\d+/g, '$1 LOAD')
    .replace(/x{40,}/g, (text) => `(${text.length} x)`)
    .replace(/(\(port=)\d+/g, '$1PORT')
    .replace(/(gave DEFER: )"([^"\n]*)"$/gm, '$1$2') // newer: quoted
    .replace(/ACL ['"]warn['"] statement skipped(?: \(in .*? at line \d+ of \S+\))?:/g, 'ACL warn statement skipped:') // newer: where
    .replace(/\bfree=\d+/g, 'free=NUMBER')
    .replace(/^Debian-exim \d+ \d+$/gm, 'USER')
    .replace(/^\d{3}(?=[ A-Z*] {1,2}(?:Message-Id|Received):)/gm, 'NNN')
    .replace(/\bS=\d+/g, 'S=SIZE');
}
