/** ETRN: runs a command of the administrator, or the part of the queue that is for an address. RFC 1985; Spec ch. 49 "The ETRN command". */
import { createHash } from 'node:crypto';
import type { Octets } from '../../base/octets.ts';
import { printable } from '../../base/octets.ts';
import type { Frame, Outcome, SpawnRequest, Template, Text } from '../../core/index.ts';
import { fail, isStrictTaint, isTainted, ok } from '../../core/index.ts';
import { splitCommandLine, taintedShellText } from '../../expand/command-line.ts';
import { beginSerialized, endSerialized } from '../../hints/serialize-record.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import type { Command } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { recipientView } from '../transaction.ts';

const REFUSAL = { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } as const;

export async function etrn(dialogue: Dialogue, command: Command): Promise<void> {
  const { config, log, origin } = dialogue;
  if (dialogue.transaction?.state.sender !== undefined)
    return dialogue.protocolError('protocol', '503', 'ETRN is not permitted inside a transaction');
  const { argument } = command;
  if (log.selected('etrn')) log.main(`ETRN ${printable(argument)} received from ${hostAndIdent(origin, log, false)}`);
  const verdict = await dialogue.runAcl('etrn', config.main.acl_smtp_etrn, REFUSAL);
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('etrn', `ETRN ${printable(argument)}`, verdict);
    return;
  }
  const { smtp_etrn_command: run } = config.main;
  const positive = verdict.message;
  if (run !== undefined) return runCommand(dialogue, run, argument, positive);
  if (!argument.startsWith('#')) return dialogue.protocolError('syntax', '501', 'argument must begin with #');
  const selected = argument.slice(1);
  start(dialogue, selected, positive, () => dialogue.parts.startQueueRun?.(selected));
}

/** The client gets its answer at once: nobody knows how the command ends. */
async function runCommand(dialogue: Dialogue, option: Template, argument: Octets, positive: Octets | undefined): Promise<void> {
  const argv = await commandOf(option, etrnFrame(dialogue, argument));
  if (argv.kind !== 'ok') {
    dialogue.log.panic(`failed to set up ETRN command: ${argv.kind === 'forced-fail' ? 'forced failure' : argv.message}`);
    dialogue.reply('458', 'Internal failure');
    return;
  }
  const { services } = dialogue.parts;
  const request: SpawnRequest = {
    argv: argv.value,
    environment: services.environment,
    directory: '/',
    umask: 0o22,
    timeoutMs: 0,
    maxOutputBytes: 0,
  };
  const spawn = async () => {
    // the command outlives the session, and the daemon
    const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
    const result = await services.spawner.run(request, Buffer.alloc(0), until);
    if (result.kind === 'error' && !dialogue.parts.signal.aborted)
      services.log.panic(`exec of "${argv.value.join(' ')}" (smtp_etrn_command) failed: ${result.reason}`);
  };
  start(dialogue, argument, positive, spawn);
}

/** One at a time for each argument, unless `smtp_etrn_serialize` is off. What `run` gives ends when the work has ended; nothing: it cannot be done here. */
function start(dialogue: Dialogue, argument: Octets, positive: Octets | undefined, run: () => Promise<void> | undefined): void {
  const { parts, config } = dialogue;
  const { hints, clock } = parts.services;
  if (parts.isRehearsal) return dialogue.reply('250', 'OK');
  const key = `etrn-${createHash('md5').update(argument, 'latin1').digest('hex')}`;
  const isSerialized = config.main.smtp_etrn_serialize;
  if (isSerialized && !beginSerialized(hints, clock, key)) return dialogue.reply('458', `Already processing ${printable(argument)}`);
  const end = () => {
    if (isSerialized) endSerialized(hints, clock, key);
  };
  const work = run();
  if (work === undefined) {
    end();
    return dialogue.reply('458', 'Unable to queue messages for specified node');
  }
  const ended = work.then(end, end);
  parts.waitsFor?.(ended);
  dialogue.replyText('250', positive ?? 'OK');
}

/** `$domain` is the argument. */
function etrnFrame(dialogue: Dialogue, argument: Octets): Frame {
  const { transaction } = dialogue;
  const { state } = transaction ?? dialogue.beginTransaction();
  state.currentRecipient = { ...recipientView(''), domain: argument };
  const frame = dialogue.frame();
  dialogue.transaction = transaction;
  return frame;
}

/** Each argument is expanded by itself. What the client chose may be (part of) an argument, never the program nor what a shell runs. */
async function commandOf(option: Template, frame: Frame): Promise<Outcome<readonly Octets[]>> {
  const argv: Text[] = [];
  for (const [index, word] of splitCommandLine(option.source).entries()) {
    const text = await frame.config.compile(word, 'smtp_etrn_command').evaluate(frame);
    if (text.kind === 'fail' || text.kind === 'defer')
      return fail(`Expansion of "${word}" from command "${option.source}" in ETRN processing failed: ${text.message}`);
    if (text.kind !== 'ok') return text;
    if (isTainted(text.value) && (index === 0 || isStrictTaint(frame.config)))
      return fail(`Tainted arg ${index} for ETRN processing command: '${text.value.octets}'`);
    argv.push(text.value);
  }
  const script = taintedShellText(argv);
  if (script !== undefined) return fail(`Tainted arg ${argv.indexOf(script)} for ETRN processing command: '${script.octets}'`);
  return argv.length === 0 ? fail('the command is empty') : ok(argv.map(({ octets }) => octets));
}
