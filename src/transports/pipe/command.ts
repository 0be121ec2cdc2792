/** From the text of a command to its arguments. Spec ch. 29 "How the command is run". */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { DeliveryBatch } from '../../core/drivers.ts';
import { isStrictTaint } from '../../core/taint.ts';
import type { Text } from '../../core/text.ts';
import { isTainted, sliceText, tainted, untainted } from '../../core/text.ts';
import { splitCommandText, staysInArguments, taintedShellText } from '../../expand/command-line.ts';
import type { Failing } from '../errno.ts';
import { eximErrno } from '../errno.ts';
import { expandOption, messageOf } from '../settings.ts';
import type { PipeOptions } from './options.ts';

export type Command =
  | { readonly kind: 'ok'; readonly argv: readonly Octets[] /** As written, for messages. */; readonly source: Octets }
  | { readonly kind: 'failing'; readonly failing: Failing; readonly isPermanent?: boolean };

/** The option, or what a redirection named (not expanded then). The command's name may not be tainted, and is looked for on `path`. */
export async function commandOf(set: PipeOptions, batch: DeliveryBatch, path: Octets): Promise<Command> {
  const [first] = batch.addresses;
  const redirected = first?.kind === 'pipe' && !set.force_command ? pipeOf(first) : undefined;
  const source = redirected?.octets ?? set.command?.source ?? '';
  if (source === '') return problem(`no command specified for ${batch.instance.name} transport`);
  if (redirected !== undefined && isTainted(redirected)) {
    const isContained = !set.use_shell && !isStrictTaint(batch.frame.config) && staysInArguments(redirected);
    if (!isContained) return taintedCommand(source, batch);
  }
  if (set.use_shell) return shellCommand(source, redirected !== undefined, batch);
  const argv = await expandArguments(source, redirected, batch);
  if (argv.kind !== 'ok') return argv;
  return restrict(argv, set, batch, path);
}

/** What a redirection to a pipe named, without the bar. */
function pipeOf(address: Address): Text {
  const text = address.state.fileName ?? untainted(address.address.slice(1));
  return sliceText(text, /^[ \t]*/.exec(text.octets)?.[0].length ?? 0);
}

function taintedCommand(text: Octets, batch: DeliveryBatch): Command {
  return broken(`Tainted '${text}' (command for ${batch.instance.name} transport) not permitted`);
}

/** By the configuration. */
function broken(message: Octets): Command {
  return { kind: 'failing', failing: { number: 0, message, isPanic: true } };
}

function problem(message: Octets, number = 0): Command {
  return { kind: 'failing', failing: { number, message } };
}

async function shellCommand(source: Octets, isRedirected: boolean, batch: DeliveryBatch): Promise<Command> {
  if (isRedirected) return { kind: 'ok', argv: ['/bin/sh', '-c', source], source };
  const expanded = await batch.frame.config
    .compile(source, `"command" option of the ${batch.instance.name} transport`)
    .evaluate(batch.frame);
  if (expanded.kind !== 'ok')
    return broken(`Expansion of "${source}" from command "${source}" in ${batch.instance.name} transport failed: ${messageOf(expanded)}`);
  if (isTainted(expanded.value)) return taintedCommand(expanded.value.octets, batch);
  return { kind: 'ok', argv: ['/bin/sh', '-c', expanded.value.octets], source };
}

async function expandArguments(source: Octets, redirected: Text | undefined, batch: DeliveryBatch): Promise<Command> {
  const argv: Text[] = [];
  for (const part of splitCommandText(redirected ?? untainted(source))) {
    const { octets } = part;
    if (octets === '$pipe_addresses') argv.push(...batch.addresses.map((address) => tainted(address.address)));
    else if (octets === '$address_pipe' && batch.addresses[0]?.kind === 'pipe') argv.push(...splitCommandText(pipeOf(batch.addresses[0])));
    else if (redirected !== undefined) argv.push(part);
    else {
      const text = await batch.frame.config
        .compile(octets, `"command" option of the ${batch.instance.name} transport`)
        .evaluate(batch.frame);
      if (text.kind !== 'ok')
        return broken(`Expansion of "${octets}" from command "${source}" in ${batch.instance.name} transport failed: ${messageOf(text)}`);
      const refused = taintProblem(text.value, argv.length, batch);
      if (refused !== undefined) return refused;
      argv.push(text.value);
    }
  }
  const [name] = argv;
  if (name === undefined) return problem(`no command specified for ${batch.instance.name} transport`);
  if (isTainted(name)) return taintedCommand(name.octets, batch);
  return shellProblem(argv, batch) ?? { kind: 'ok', argv: argv.map(({ octets }) => octets), source };
}

/** A shell would run what a remote party chose: an error of the configuration, whatever the mode. */
function shellProblem(argv: readonly Text[], batch: DeliveryBatch): Command | undefined {
  const script = taintedShellText(argv);
  if (script === undefined) return undefined;
  const message = `Tainted arg ${argv.indexOf(script)} for ${batch.instance.name} transport command: '${script.octets}'`;
  batch.services.log.panic(message, batch.message.id);
  return problem(message);
}

/** The name of the command may not be; in mode `strict` no argument. */
function taintProblem(text: Text, index: number, batch: DeliveryBatch): Command | undefined {
  if (!isTainted(text)) return undefined;
  if (!isStrictTaint(batch.frame.config)) return index === 0 ? taintedCommand(text.octets, batch) : undefined;
  return {
    kind: 'failing',
    isPermanent: true,
    failing: { number: 0, message: `Tainted arg ${index} for ${batch.instance.name} transport command: '${text.octets}'` },
  };
}

/** `allow_commands`, `restrict_to_path`, `path`. */
async function restrict(
  { argv, source }: Command & { kind: 'ok' },
  set: PipeOptions,
  batch: DeliveryBatch,
  path: Octets,
): Promise<Command> {
  const [name = '', ...rest] = argv;
  const allowed = await expandOption(set.allow_commands, batch.frame);
  if (allowed.kind !== 'ok')
    return problem(
      `Failed to expand string "${set.allow_commands?.source ?? ''}" for ${batch.instance.name} transport: ${messageOf(allowed)}`,
      eximErrno.expansion,
    );
  const isListed = allowed.value !== undefined && batch.services.lists.split(allowed.value.octets).includes(name);
  if (!isListed && set.restrict_to_path && name.includes('/')) {
    return {
      kind: 'failing',
      isPermanent: true,
      failing: {
        number: 0,
        message: `"/" found in "${name}" (command for ${batch.instance.name} transport) - failed for security reasons`,
      },
    };
  }
  if (!isListed && allowed.value !== undefined && !set.restrict_to_path) {
    return {
      kind: 'failing',
      isPermanent: true,
      failing: { number: 0, message: `"${name}" command not permitted by ${batch.instance.name} transport` },
    };
  }
  if (name.includes('/')) return { kind: 'ok', argv, source };
  const found = path
    .split(':')
    .map((directory) => `${directory}/${name}`)
    .find((file) => batch.services.files.access(file, 'execute').kind === 'ok');
  if (found !== undefined) return { kind: 'ok', argv: [found, ...rest], source };
  return {
    kind: 'failing',
    isPermanent: true,
    failing: { number: 0, message: `"${name}" command not found for ${batch.instance.name} transport` },
  };
}

/** The environment of the command. Spec ch. 29 "Environment variables". */
export function environmentOf(batch: DeliveryBatch, first: Address, path: Octets): Map<string, Octets> {
  const { main } = batch.frame.config;
  const values = new Map<string, Octets>([
    ['LOCAL_PART', first.localPart],
    ['LOGNAME', first.localPart],
    ['USER', first.localPart],
    ['LOCAL_PART_PREFIX', first.state.prefix ?? ''],
    ['LOCAL_PART_SUFFIX', first.state.suffix ?? ''],
    ['DOMAIN', first.domain],
    ['HOME', first.state.home?.octets ?? ''],
    ['MESSAGE_ID', batch.message.id],
    ['PATH', path],
    ['RECIPIENT', `${(first.state.prefix ?? '') + first.localPart + (first.state.suffix ?? '')}@${first.domain}`],
    ['QUALIFY_DOMAIN', main.qualify_domain ?? ''],
    ['SENDER', batch.returnPath],
    ['SHELL', '/bin/sh'],
  ]);
  const host = first.state.hosts?.[0]?.name;
  if (host !== undefined) values.set('HOST', host);
  if (main.timezone !== undefined && main.timezone !== '') values.set('TZ', main.timezone);
  return values;
}
