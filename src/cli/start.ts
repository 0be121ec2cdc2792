/** `eximius start`: the server in the foreground, by default on the embedded configuration with its data below ./var, without root (DESIGN 2). */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromUnicode } from '../base/octets.ts';
import type { UserFacts } from '../core/index.ts';
import { assetPath } from '../system/assets.ts';
import { makeSelfSigned } from '../system/certificate.ts';
import type { SystemPorts } from '../system/create-system.ts';
import { asUser } from '../system/own-ids.ts';
import type { Output } from '../system/standard-streams.ts';

export type StartArguments =
  | { readonly kind: 'ok'; readonly args: readonly Octets[] }
  | { readonly kind: 'failed'; readonly message: Octets };

/** Accounts that root may run the embedded default as, the first that exists. */
const UNPRIVILEGED: readonly Octets[] = ['mail', 'nobody'];

/** Exim's arguments for it. Without `-C` the directories and a certificate are made and a first message is suggested. */
export function prepareStart(args: readonly Octets[], system: SystemPorts, stdout: Output): StartArguments {
  if (args.some((arg) => arg.startsWith('-C'))) return { kind: 'ok', args: ['-bdf', ...args] };
  const directory = `${octetsFromUnicode(process.cwd())}/var`;
  const config = octetsFromUnicode(assetPath('config/default.conf'));
  const owner = system.machine.effectiveUid() === 0 ? unprivilegedUser(system) : undefined;
  makeDirectories(system, directory, owner);
  if (owner && !isReachable(system, owner, directory, config)) {
    return {
      kind: 'failed',
      message: `started as root, it would run as user ${owner.name}, who cannot read ${config} or write ${directory}: start it as another user, or from a directory that everyone can read`,
    };
  }
  makeCertificate(system, directory, owner);
  stdout.write(welcome(directory));
  return { kind: 'ok', args: ['-bdf', '-C', config, `-DVAR=${directory}`, ...(owner ? [`-DRUN_AS=${owner.name}`] : []), ...args] };
}

function unprivilegedUser({ accounts }: SystemPorts): UserFacts | undefined {
  for (const name of UNPRIVILEGED) {
    const found = accounts.userByName(name);
    if (found.kind === 'ok' && found.value) return found.value;
  }
  return undefined;
}

function makeDirectories({ files }: SystemPorts, directory: Octets, owner: UserFacts | undefined): void {
  for (const name of ['', '/spool', '/log', '/mail', '/tls']) {
    files.mkdir(`${directory}${name}`, 0o750);
    if (owner) files.chown(`${directory}${name}`, owner.uid, owner.gid);
  }
}

function isReachable({ files }: SystemPorts, owner: UserFacts, directory: Octets, config: Octets): boolean {
  return asUser({ uid: owner.uid, gid: owner.gid }, () => files.list(directory).kind === 'ok' && files.readFile(config).kind === 'ok');
}

function makeCertificate(system: SystemPorts, directory: Octets, owner: UserFacts | undefined): void {
  const certificate = `${directory}/tls/cert.pem`;
  if (system.files.stat(certificate).kind === 'ok') return;
  const made = makeSelfSigned(system.machine.hostName, system.clock.now());
  write(system, certificate, made.certificate, 0o644, owner);
  write(system, `${directory}/tls/key.pem`, made.key, 0o600, owner);
}

function write({ files }: SystemPorts, path: Octets, text: Octets, mode: number, owner: UserFacts | undefined): void {
  const opened = files.open(path, 'create', mode);
  if (opened.kind === 'error') return; // the daemon says that the file is missing
  opened.value.write(bytesFromOctets(text));
  if (owner) opened.value.chown(owner.uid, owner.gid);
  opened.value.close();
}

function welcome(directory: Octets): Octets {
  return `Eximius on the configuration config/default.conf

  SMTP         localhost, port 2525
  submission   localhost, port 2587 (STARTTLS, AUTH)
  mail         ${directory}/mail/<local part>/new
  logs         ${directory}/log/mainlog

Send a first message, and read it:

  swaks --server localhost:2525 --to you@localhost
  cat ${directory}/mail/you/new/*

`;
}
