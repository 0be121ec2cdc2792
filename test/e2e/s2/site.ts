/** A running server on a configuration of this kind of site, with its users, aliases, a name server and the sink that is everyone else's MX. */
import { createHash } from 'node:crypto';
import { DnsServer } from '../support/dns-server.ts';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpSink } from '../support/smtp-sink.ts';

export const HOST = 'mail.site.test';
export const PASSWORD = 'secret';
/** Connections from here are not from `localhost`, so that relaying is not allowed. */
export const OUTSIDE = '127.0.0.5';
/** Where the other domains' MX records point: an address that is not the server's. */
export const MX_ADDRESS = '127.0.0.2';

export interface SitePorts {
  readonly smtp: number;
  readonly smtps: number;
  readonly mx: number;
}

export class Site {
  readonly place: Place;
  readonly server: MailServer;
  readonly dns: DnsServer;
  readonly ports: SitePorts;
  sink: SmtpSink | undefined;

  constructor(place: Place, server: MailServer, dns: DnsServer, ports: SitePorts) {
    this.place = place;
    this.server = server;
    this.dns = dns;
    this.ports = ports;
  }

  /** `makeConfig` makes the text behind the options that say where the server lives. */
  static async start(name: string, makeConfig: (place: Place, ports: SitePorts) => string): Promise<Site> {
    const place = new Place(name);
    const [smtp = 0, smtps = 0, mx = 0] = await freePorts(3);
    const ports = { smtp, smtps, mx };
    const config = makeConfig(place, ports);
    const dns = await DnsServer.start({
      'outside.test': ['MX 10 mx.outside.test'],
      'mx.outside.test': [`A ${MX_ADDRESS}`],
      'sender.test': ['MX 10 mx.outside.test'],
      '5.0.0.127.in-addr.arpa': ['PTR client.sender.test'],
      'client.sender.test': [`A ${OUTSIDE}`],
    });
    place.file('etc/passwd', ['ale', 'ff'].map((user) => `${user}:${createHash('md5').update(PASSWORD).digest('hex')}::\n`).join(''));
    place.file(
      'etc/aliases',
      'daniele: ale\nall: ale, ff, Someone <someone@outside.test>\nfaraway: someone@outside.test\nnever: :fail: gone away\n',
    );
    place.certificate('etc/key-crt-ca.pem', HOST);
    const server = new MailServer(place, placeOptions(place, { dns_servers: dns.server }) + config);
    const site = new Site(place, server, dns, ports);
    try {
      await site.startSink();
      await server.start();
    } catch (error) {
      await site.stop();
      throw error;
    }
    return site;
  }

  async startSink(reply?: (verb: string, line: string) => string | undefined): Promise<SmtpSink> {
    this.sink = await SmtpSink.start({ port: this.ports.mx, host: MX_ADDRESS, ...(reply ? { reply } : {}) });
    return this.sink;
  }

  async stopSink(): Promise<void> {
    await this.sink?.stop();
    this.sink = undefined;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.stopSink();
    await this.dns.stop();
    this.place.remove();
  }
}
