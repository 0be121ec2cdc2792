/** One delivery to a command, and what its end means. Spec ch. 29 "Returned status and data". */
import type { Octets } from '../../base/octets.ts';
import { octetsFromBytes, printable } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { DeliveryBatch, DeliveryResult } from '../../core/drivers.ts';
import type { SpawnResult, SystemFailure } from '../../core/ports.ts';
import { asBatchSmtp } from '../batch-smtp.ts';
import type { Failing } from '../errno.ts';
import { deferredResult, eximErrno } from '../errno.ts';
import { settleAll, settleTooBig } from '../local.ts';
import type { MessageFormat } from '../message-text.ts';
import { messageText } from '../message-text.ts';
import { expandOption, messageOf, transportSettings } from '../settings.ts';
import { commandOf, environmentOf } from './command.ts';
import type { PipeOptions } from './options.ts';
import { signalName, statusHint } from './status.ts';

/** What a shell returns for a command that it cannot run; execve() failures are shown as this. */
const EXEC_FAILED = 127;
const NO_TIMEOUT_MS = 2 ** 31 - 1;
/** Variables of a command: Exim's own and those of `environment`, counted as they are written. */
const MAX_ENVIRONMENT = 49;
const E2BIG = 7;

type Fate = { readonly kind: 'delivered' | 'failed' | 'deferred'; readonly failing?: Failing; readonly returned?: Buffer };

export async function deliverToPipe(set: PipeOptions, batch: DeliveryBatch): Promise<readonly DeliveryResult[]> {
  const [first] = batch.addresses;
  if (first === undefined) return [];
  const tooBig = await settleTooBig(batch);
  if (tooBig !== undefined) return tooBig;
  const fate: Fate = batch.isRehearsal ? { kind: 'delivered' } : await run(set, batch, first);
  return settleAll(batch, (address) => resultOf(address, fate));
}

function resultOf(address: Address, { kind, failing, returned }: Fate): DeliveryResult {
  if (kind === 'deferred' && failing !== undefined) return deferredResult(address, failing);
  return {
    address,
    kind,
    ...(failing === undefined ? {} : { message: failing.message }),
    ...(failing?.isFreeze === true ? { isFreeze: true } : {}),
    ...(returned === undefined ? {} : { returnedText: returned }),
  };
}

async function run(set: PipeOptions, batch: DeliveryBatch, first: Address): Promise<Fate> {
  const { services, frame, instance } = batch;
  const path = await expandOption(set.path, frame);
  if (path.kind !== 'ok')
    return deferring(`Expansion of "${set.path?.source ?? ''}" (path for ${instance.name} transport) failed: ${messageOf(path)}`);
  const searchPath = path.value?.octets ?? '/bin:/usr/bin';
  const command = await commandOf(set, batch, searchPath);
  if (command.kind === 'failing') return { kind: command.isPermanent === true ? 'failed' : 'deferred', failing: command.failing };
  const environment = environmentOf(batch, first, searchPath);
  const added = await addEnvironment(set, batch, environment);
  if (added !== undefined) return added;
  const format = await formatOf(set, batch);
  if ('kind' in format) return format;
  const ran = await services.spawner.run(
    {
      argv: command.argv,
      environment,
      directory: first.state.currentDirectory ?? first.state.home?.octets ?? '/',
      umask: set.umask,
      timeoutMs: set.timeout > 0 ? set.timeout * 1000 : NO_TIMEOUT_MS,
      maxOutputBytes: set.max_output,
      killOnExcess: true,
    },
    messageText(format, batch.until),
    batch.until,
  );
  if (ran.kind === 'error') return spawnFailed(ran, set, batch, command.argv);
  return judge(ran.result, set, batch, command);
}

function deferring(message: Octets, number: number = eximErrno.expansion): Fate {
  return { kind: 'deferred', failing: { number, message } };
}

/** `environment`: a list of name=value. */
async function addEnvironment(set: PipeOptions, batch: DeliveryBatch, environment: Map<string, Octets>): Promise<Fate | undefined> {
  const expanded = await expandOption(set.environment, batch.frame);
  if (expanded.kind !== 'ok')
    return deferring(
      `Expansion of "${set.environment?.source ?? ''}" (environment for ${batch.instance.name} transport) failed: ${messageOf(expanded)}`,
    );
  const items = expanded.value === undefined ? [] : batch.services.lists.split(expanded.value.octets);
  if (environment.size + items.length > MAX_ENVIRONMENT) {
    const message = `too many environment settings for ${batch.instance.name} transport`;
    return { kind: 'deferred', failing: { number: E2BIG, reason: 'Argument list too long', message } };
  }
  for (const item of items) {
    const equals = item.indexOf('=');
    if (equals > 0) environment.set(item.slice(0, equals), item.slice(equals + 1));
  }
  return undefined;
}

async function formatOf(set: PipeOptions, batch: DeliveryBatch): Promise<MessageFormat | Fate> {
  const { settings } = batch.instance;
  const isWanted = (name: string) => !set.use_bsmtp || settings.has(name); // the usual texts are for mailboxes
  const prefix = await expandOption(isWanted('message_prefix') ? set.message_prefix : undefined, batch.frame);
  if (prefix.kind !== 'ok')
    return deferring(
      `Expansion of "${set.message_prefix?.source ?? ''}" (message_prefix for ${batch.instance.name} transport) failed: ${messageOf(prefix)}`,
    );
  const suffix = await expandOption(isWanted('message_suffix') ? set.message_suffix : undefined, batch.frame);
  if (suffix.kind !== 'ok')
    return deferring(
      `Expansion of "${set.message_suffix?.source ?? ''}" (message_suffix for ${batch.instance.name} transport) failed: ${messageOf(suffix)}`,
    );
  const generic = transportSettings(batch.instance);
  const { check_string: from, escape_string: to } = set;
  const format: MessageFormat = {
    prefix: prefix.value?.octets ?? '',
    suffix: suffix.value?.octets ?? '',
    useCrlf: set.use_crlf,
    endsLine: true,
    headers: generic.body_only ? undefined : batch.headers,
    body: generic.headers_only ? undefined : batch.message.body,
    check: from === undefined || from === '' || to === undefined ? undefined : { from, to },
  };
  return set.use_bsmtp ? asBatchSmtp(format, batch) : format;
}

/** It could not be started. */
function spawnFailed(failure: SystemFailure, set: PipeOptions, batch: DeliveryBatch, argv: readonly Octets[]): Fate {
  const isExec = failure.errno === 'ENOENT' || failure.errno === 'EACCES' || failure.errno === 'ENOEXEC' || failure.errno === 'ENOTDIR';
  if (!isExec)
    return {
      kind: 'deferred',
      failing: {
        number: eximErrno.unknown,
        message: `Failed to create child process for ${batch.instance.name} transport: ${failure.reason}`,
      },
    };
  return ended(EXEC_FAILED, Buffer.alloc(0), set, batch, argv);
}

function judge(
  result: SpawnResult,
  set: PipeOptions,
  batch: DeliveryBatch,
  { argv, source }: { readonly argv: readonly Octets[]; readonly source: Octets },
): Fate {
  const output = result.stdout;
  if (result.isTimeout) {
    const message = `pipe delivery process timed out`;
    return set.timeout_defer
      ? { kind: 'deferred', failing: { number: 110, reason: 'Connection timed out', message } }
      : withOutput({ kind: 'failed', failing: { message } }, output, set, batch);
  }
  if (result.isTruncated)
    return withOutput(
      {
        kind: 'failed',
        failing: { message: `Too much output from the ${batch.instance.name} transport (more than ${set.max_output} bytes): killed` },
      },
      output,
      set,
      batch,
    );
  if (result.signal !== undefined) return signalled(result.signal, output, set, batch, source);
  return ended(result.status ?? 0, output, set, batch, argv);
}

function signalled(signal: number, output: Buffer, set: PipeOptions, batch: DeliveryBatch, source: Octets): Fate {
  logOutput(output, set.log_output || set.log_fail_output, batch);
  if (set.ignore_status) return withOutput({ kind: 'delivered' }, output, set, batch);
  const message = `Child process of ${batch.instance.name} transport (running command "${source}") was terminated by signal ${signal}${signalName(signal)}`;
  if (set.freeze_signal) return { kind: 'deferred', failing: { number: eximErrno.unknown, isFreeze: true, message } };
  return withOutput({ kind: 'failed', failing: { message } }, output, set, batch);
}

function ended(status: number, output: Buffer, set: PipeOptions, batch: DeliveryBatch, argv: readonly Octets[]): Fate {
  if (status === EXEC_FAILED && set.freeze_exec_fail) {
    return {
      kind: 'deferred',
      failing: { number: eximErrno.unknown, isFreeze: true, message: `pipe process failed to exec "${argv.join(' ')}"` },
    };
  }
  const isBad = status !== 0 && !set.ignore_status;
  const isTemporary = isBad && !set.return_output && (set.temp_errors.includes('*') || set.temp_errors.includes(String(status)));
  logOutput(output, set.log_output || (isTemporary && set.log_defer_output) || (isBad && !isTemporary && set.log_fail_output), batch);
  if (!isBad) return withOutput({ kind: 'delivered' }, output, set, batch);
  const message = `Child process of ${batch.instance.name} transport returned ${status}${statusHint(status)} from command: ${argv[0] ?? ''}`;
  if (isTemporary) return { kind: 'deferred', failing: { number: 0, message } };
  return withOutput({ kind: 'failed', failing: { message } }, output, set, batch);
}

function logOutput(output: Buffer, isWanted: boolean, batch: DeliveryBatch): void {
  if (!isWanted || output.length === 0) return;
  const [line = ''] = octetsFromBytes(output).split('\n');
  const first = batch.addresses[0]?.address ?? '';
  batch.services.log.main(`<${first}>: ${batch.instance.name} transport output: ${printable(line)}`, batch.message.id);
}

/** `return_output` makes any output a failure; `return_fail_output` returns that of a failure. What nobody would get is not kept. */
function withOutput(fate: Fate, output: Buffer, set: PipeOptions, batch: DeliveryBatch): Fate {
  const [first] = batch.addresses;
  const reportsTo = first?.state.errorsTo ?? first?.inherited.errorsTo ?? batch.message.sender;
  if (output.length === 0 || reportsTo === '') return fate;
  if (set.return_output) return { kind: 'failed', failing: fate.failing ?? { message: 'return message generated' }, returned: output };
  return set.return_fail_output && fate.kind === 'failed' ? { ...fate, returned: output } : fate;
}
