/** The site that real clients send to: every extension is offered, the log tells all that is known of a message, and mail is kept in one Maildir or in the queue. */
import assert from 'node:assert/strict';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { waitFor } from '../support/wait.ts';

export const HOST = 'mail.site.test';
/** The account that may authenticate. */
export const USER = { user: 'ale', pass: 'secret word' };

/** Clients connect from one of these to be treated in its way; from 127.0.0.1 they are nobody's. */
export const FROM = {
  proxy: '127.0.0.3',
  xclient: '127.0.0.4',
  /** Must show a certificate. */
  certified: '127.0.0.5',
  /** Is asked for a certificate. */
  asked: '127.0.0.6',
} as const;

const SELECTORS =
  '+incoming_port +incoming_interface +tls_peerdn +tls_sni +tls_certificate_verified +received_sender +received_recipients +8bitmime ' +
  '+smtp_mailauth +proxy +pipelining +smtp_connection +smtp_syntax_error +smtp_protocol_error +smtp_no_mail +tls_on_connect';

const ACLS = `
begin acl
mailauth:
  accept authenticated = *
rcpt:
  deny   local_parts = nobody
         message = no such user
  defer  local_parts = later
         message = come back
  accept local_parts = hold
         control = queue
  accept
data:
  deny   condition = \${if eq{$h_subject:}{refused}}
         message = not this subject
  accept
prdr:
  deny   local_parts = picky
         message = not for $local_part
  accept
begin routers
all:
  driver = accept
  transport = maildir
`;

/** PLAIN, LOGIN and CRAM-MD5 for USER. */
export const AUTHENTICATORS = `
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${USER.user}}}{eq{$auth3}{${USER.pass}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{$auth1}{${USER.user}}}{eq{$auth2}{${USER.pass}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{$auth1}{${USER.user}}{${USER.pass}}fail}
  server_set_id = $auth1
`;

/** A message as the queue has it. */
export interface Spooled {
  /** The whole -H file. */
  readonly envelope: string;
  /** Its line for each recipient. */
  readonly recipients: readonly string[];
  /** -D without its first line. */
  readonly data: string;
}

export class Site {
  readonly place: Place;
  readonly server: MailServer;
  readonly port: number;
  readonly securePort: number;
  readonly clientPem: string;
  #read = 0;

  private constructor(place: Place, port: number, securePort: number, more: Readonly<Record<string, string | number>>) {
    this.place = place;
    this.port = port;
    this.securePort = securePort;
    this.clientPem = place.certificate('etc/client.pem', 'client.test');
    this.server = new MailServer(place, configText(this, more));
  }

  /** Starts before the tests of the file that calls it and ends behind them. `more` are main options. */
  static async forTests(name: string, more: Readonly<Record<string, string | number>> = {}): Promise<Site> {
    const [port = 0, securePort = 0] = await freePorts(2);
    const site = new Site(new Place(name), port, securePort, more);
    before(() => site.server.start());
    after(async () => {
      await site.server.stop();
      site.place.remove();
    });
    return site;
  }

  /** The `<=` line of the message from this sender, without time and id, what differs from run to run masked; and the id. */
  async arrival(sender: string): Promise<{ readonly id: string; readonly line: string }> {
    const escaped = sender.replaceAll(/[.+?^$()[\]{}|\\]/g, '\\$&');
    const found = await this.server.waitForLog(new RegExp(` (\\S+) <= ${escaped} `));
    return { id: found[1] ?? '', line: mask(found[0].slice(found[0].indexOf('<='))) };
  }

  /** Lines of the main log since the last call, without their times. */
  newLogLines(): string[] {
    const log = this.server.log();
    const lines = log.slice(this.#read).split('\n').slice(0, -1);
    this.#read = log.length;
    return lines.map((line) => line.slice('2026-01-01 00:00:00 '.length));
  }

  /** The delivered file of the message. */
  async delivered(id: string): Promise<string> {
    await this.server.waitForLog(new RegExp(` ${id} Completed`));
    return this.mails().find((text) => text.includes(`id ${id}`)) ?? assert.fail(`${id} is not in the Maildir`);
  }

  mails(): string[] {
    return this.place.maildir('mail/box');
  }

  /** Without reading them. */
  mailCount(): number {
    const folder = this.place.path('mail/box/new');
    return existsSync(folder) ? readdirSync(folder).length : 0;
  }

  /** A message to recipient `hold`. */
  spooled(id: string): Spooled {
    const envelope = this.place.read(`spool/input/${id}-H`);
    const lines = envelope.split('\n');
    const count = lines.findIndex((line) => /^[0-9]+$/.test(line));
    const recipients = lines.slice(count + 1, count + 1 + Number(lines[count]));
    const data = this.place.read(`spool/input/${id}-D`);
    return { envelope, recipients, data: data.slice(data.indexOf('\n') + 1) };
  }

  spoolFiles(): string[] {
    return readdirSync(this.place.path('spool/input'));
  }
}

function configText(site: Site, more: Readonly<Record<string, string | number>>): string {
  const { place, port, securePort } = site;
  return `${placeOptions(place, {
    primary_hostname: HOST,
    qualify_domain: 'site.test',
    daemon_smtp_ports: `${port} : ${securePort}`,
    tls_on_connect_ports: securePort,
    tls_advertise_hosts: '*',
    tls_certificate: place.certificate('etc/mail.pem', HOST),
    tls_verify_certificates: site.clientPem,
    tls_verify_hosts: FROM.certified,
    tls_try_verify_hosts: FROM.asked,
    hosts_proxy: FROM.proxy,
    hosts_xclient: FROM.xclient,
    auth_advertise_hosts: '*',
    dsn_advertise_hosts: '*',
    smtputf8_advertise_hosts: '*',
    prdr_enable: 'true',
    log_selector: SELECTORS,
    acl_smtp_mailauth: 'mailauth',
    acl_smtp_rcpt: 'rcpt',
    acl_smtp_data: 'data',
    acl_smtp_data_prdr: 'prdr',
    ...more,
  })}${ACLS}
begin transports
maildir:
  driver = appendfile
  directory = ${place.path('mail/box')}
  maildir_format
  envelope_to_add
  user = ${place.account.name}
${AUTHENTICATORS}`;
}

/** Ports, sizes of a message, times and TLS ciphers are not the same everywhere. */
export function mask(line: string): string {
  return line
    .replaceAll(/(\[[0-9a-f.:]+\]):[0-9]+/g, '$1:port')
    .replace(/ X=(TLS1[.0-9]*):\S+:[0-9]+/, ' X=$1')
    .replace(/ S=[0-9]+/, ' S=n')
    .replace(/ id=\S+/, ' id=x');
}

/** Of a PEM with a key, for everyone to read. */
export function certificateOf(pem: string): string {
  return pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));
}

/** Where a client's program is: on PATH or where administrators' programs are; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** For option `skip` of a test. */
export function missing(name: string): string | false {
  return findProgram(name) === undefined ? `${name} is not installed` : false;
}

/** Waits until as many messages were delivered and returns them. */
export async function waitForMails(site: Site, count: number): Promise<string[]> {
  await waitFor(
    () => `${count} messages in the Maildir, there are ${site.mailCount()}`,
    () => site.mailCount() >= count,
  );
  return site.mails();
}
