/** A small server around one recipe of a how-to: the recipe's lines as they stand in `texts/`, and hosts of any address through the PROXY protocol. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DnsServer, type Zone } from '../support/dns-server.ts';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

export const HOST = 'server.example.com';
export const FROM = 'someone@sender.test';
/** Local in every site. */
export const JOE = 'joe@mydomain.tld';
/** Relayed for by sites that relay. */
export const RELAYED = 'someone@relayed.test';

/** The lines of `texts/<name>`. */
export function recipe(name: string): string {
  return readFileSync(join(import.meta.dirname, 'texts', name), 'latin1');
}

export interface SiteText {
  /** Lines of the main section. In all parts the macro PLACE is the site's directory. */
  readonly main?: string;
  /** Behind `begin acl`. */
  readonly acl: string;
  /** In front of the router that takes everything. */
  readonly routers?: string;
  readonly transports?: string;
  readonly authenticators?: string;
  readonly zone?: Zone;
  readonly options?: Readonly<Record<string, string | number | undefined>>;
}

export class RecipeSite {
  readonly place: Place;
  readonly server: MailServer;
  readonly dns: DnsServer;
  readonly port: number;

  constructor(text: SiteText, place: Place, dns: DnsServer, port: number) {
    this.place = place;
    this.dns = dns;
    this.port = port;
    this.server = new MailServer(place, configuration(text, place, dns, port));
  }

  /** Without a daemon: commands can be run on the configuration. */
  static async make(text: SiteText): Promise<RecipeSite> {
    const [port = 0] = await freePorts(1);
    const dns = await DnsServer.start(text.zone ?? {});
    return new RecipeSite(text, new Place('recipe'), dns, port);
  }

  /** Runs `test` on a running server, and cleans up. */
  static async run(text: SiteText, test: (site: RecipeSite) => Promise<void>): Promise<void> {
    const site = await RecipeSite.make(text);
    try {
      await site.server.start();
      await test(site);
    } finally {
      await site.stop();
    }
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.dns.stop();
    this.place.remove();
  }

  /** A session of a host with this address, behind its EHLO. */
  async connectFrom(address: string, hello = 'client.test'): Promise<SmtpClient> {
    const client = await SmtpClient.connect(this.port);
    await client.write(`PROXY TCP4 ${address} 192.0.2.1 40000 25\r\n`);
    await client.reply();
    await client.command(`EHLO ${hello}`);
    return client;
  }

  /** One transaction of a host; the answer to its end, or to the first command that was refused. */
  async sendFrom(address: string, { to = JOE, from = FROM, text = message('x') } = {}): Promise<string> {
    const client = await this.connectFrom(address);
    try {
      return await client.send({ from, to: [to], text });
    } finally {
      client.close();
    }
  }

  /** What was delivered with this subject. */
  delivered(subject: string): Promise<string> {
    return waitFor(
      () => `message "${subject}"\n${this.server.log()}\n${this.server.log('panic')}`,
      () => this.place.maildir('mail/all').find((text) => text.includes(`\nSubject: ${subject}\n`)),
    );
  }
}

export function message(subject: string, headers = ''): string {
  return `${headers}From: ${FROM}\nTo: list@sender.test\nSubject: ${subject}\n\nA line.\n`;
}

function configuration(text: SiteText, place: Place, dns: DnsServer, port: number): string {
  const options = {
    primary_hostname: HOST,
    daemon_smtp_ports: port,
    hosts_proxy: '127.0.0.1',
    dns_servers: dns.server,
    tls_advertise_hosts: '',
    ...text.options,
  };
  return `${placeOptions(place, options)}
domainlist local_domains = @ : mydomain.tld
domainlist relay_to_domains = relayed.test
PLACE = ${place.directory}
${text.main ?? ''}
begin acl
${text.acl}
begin routers
${text.routers ?? ''}
all:
  driver = accept
  transport = maildir
begin transports
${text.transports ?? ''}
maildir:
  driver = appendfile
  directory = ${place.path('mail/all')}
  maildir_format
  user = ${place.account.name}
begin authenticators
${text.authenticators ?? ''}
`;
}
