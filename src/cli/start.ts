/** `eximius start`: the server in the foreground, by default on the embedded configuration with its data below ./var, without root (DESIGN 2). */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromUnicode } from '../base/octets.ts';
import { assetPath } from '../system/assets.ts';
import { makeSelfSigned } from '../system/certificate.ts';
import type { SystemPorts } from '../system/create-system.ts';
import type { Output } from '../system/standard-streams.ts';

/** Exim's arguments for it. Without `-C` the directories and a certificate are made and a first message is suggested. */
export function prepareStart(args: readonly Octets[], system: SystemPorts, stdout: Output): readonly Octets[] {
  if (args.some((arg) => arg.startsWith('-C'))) return ['-bdf', ...args];
  const directory = `${octetsFromUnicode(process.cwd())}/var`;
  const { files, machine } = system;
  for (const name of ['', '/spool', '/log', '/mail', '/tls']) files.mkdir(`${directory}${name}`, 0o750);
  const certificate = `${directory}/tls/cert.pem`;
  if (files.stat(certificate).kind === 'error') {
    const made = makeSelfSigned(machine.hostName, system.clock.now());
    write(system, certificate, made.certificate, 0o644);
    write(system, `${directory}/tls/key.pem`, made.key, 0o600);
  }
  stdout.write(`Eximius on the configuration config/default.conf

  SMTP         localhost, port 2525
  submission   localhost, port 2587 (STARTTLS, AUTH)
  mail         ${directory}/mail/<local part>/new
  logs         ${directory}/log/mainlog

Send a first message, and read it:

  swaks --server localhost:2525 --to you@localhost
  cat ${directory}/mail/you/new/*

`);
  return ['-bdf', '-C', octetsFromUnicode(assetPath('config/default.conf')), `-DVAR=${directory}`, ...args];
}

function write({ files }: SystemPorts, path: Octets, text: Octets, mode: number): void {
  const opened = files.open(path, 'create', mode);
  if (opened.kind === 'error') return;
  opened.value.write(bytesFromOctets(text));
  opened.value.close();
}
