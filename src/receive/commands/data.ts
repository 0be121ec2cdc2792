/** DATA. RFC 5321 s4.1.1.4. */
import { type Octets, printable, upperCase } from '../../base/octets.ts';
import type { HeaderLine, MessageSink, Origin } from '../../core/index.ts';
import { lostLine } from '../../logging/lines/connection.ts';
import { fullHost, hostAndIdent } from '../../logging/lines/host.ts';
import { rejectedMessage } from '../../logging/lines/rejection.ts';
import { DataDecoder } from '../../smtp/data-decoder.ts';
import type { Dialogue } from '../dialogue.ts';
import { type CheckedReception, SignatureCheck } from '../dkim-acl.ts';
import { expandSize, isSenderHostInOption } from '../expansion.ts';
import { fromLineTest } from '../from-line.ts';
import { acceptMessage } from '../intake.ts';
import type { InputLimits, InputPosition, MessageReading, ReadMessage } from '../message-input.ts';
import { readMessage } from '../message-input.ts';
import { finishSmtpMessage } from '../smtp-message.ts';
import { hasSpokenBeforeReply } from '../synchronization.ts';

/** Whether a message was read, taken or not. */
export async function data(dialogue: Dialogue): Promise<boolean> {
  const { config } = dialogue;
  dialogue.isDataTried = true;
  if (!(await mayBeginData(dialogue, 'DATA'))) return false;
  const state = dialogue.transaction?.state;
  if (state === undefined) return false;
  const verdict = await dialogue.runAcl('predata', config.main.acl_smtp_predata, { kind: 'accept' });
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('predata', 'DATA', verdict);
    return false;
  }
  if (await hasSpokenBeforeReply(dialogue, 'DATA')) return false;
  const begun = dialogue.parts.store.begin(dialogue.session.state.queueName);
  if (begun.kind === 'error') {
    dialogue.log.panic(`spool file creation failed: ${begun.reason}`);
    dialogue.reply('451', 'Temporary local problem - please try later');
    dialogue.resetTransaction();
    return false;
  }
  await receive(dialogue, begun.sink, verdict.message);
  return true;
}

/** The checks that DATA and BDAT share. RFC 2920 s3.1: after refused recipients in one group the client could not know. */
export async function mayBeginData(dialogue: Dialogue, verb: 'DATA' | 'BDAT'): Promise<boolean> {
  const state = dialogue.transaction?.state;
  const accepted = (state?.recipients.length ?? 0) > 0 || state?.controls.has('discarded-recipients') === true;
  if (dialogue.hasTooManyRecipients) {
    dialogue.reply('554', 'Too many recipients');
    if (state !== undefined) state.sender = undefined; // so that another MAIL may follow
    return false;
  }
  if (state !== undefined && accepted) return true;
  const refusal = dialogue.rcptRefusal;
  const isSingleLine = dialogue.session.state.controls.has('no_multiline_responses');
  const lines =
    refusal?.isShared && !isSingleLine
      ? `All RCPT commands were rejected with this error:\n${refusal.text.replace(/\n+$/, '').replace(/\n[ \t]+/g, '\n')}\n`
      : '';
  if (refusal !== undefined && lines !== '') refusal.isTold = true;
  const problem = `valid RCPT command must precede ${verb}`;
  if (dialogue.advertised.pipelining && dialogue.previousVerb === 'RCPT' && !dialogue.isRcptOutOfPlace)
    dialogue.reply('503', `${lines}Valid RCPT command must precede ${verb}`);
  else dialogue.protocolError('protocol', '503', `${lines}${problem}`, problem);
  return false;
}

/** Limits of the configuration for a message that is read. */
export async function inputLimits(dialogue: Dialogue): Promise<InputLimits | undefined> {
  const { main } = dialogue.config;
  const limit = await expandSize(main.message_size_limit, dialogue.frame(), 0);
  if (limit.kind !== 'ok') {
    dialogue.log.panic(`unable to expand message_size_limit: ${limit.kind === 'forced-fail' ? 'forced failure' : limit.message}`);
    return undefined;
  }
  const allowsFromLine = dialogue.isOverTcp
    ? await isSenderHostInOption('ignore_fromline_hosts', dialogue.frame())
    : main.ignore_fromline_local;
  return {
    messageBytes: Math.max(0, limit.value),
    headerBytes: main.header_maxsize,
    headerLineBytes: main.header_line_maxsize,
    isFromLine: allowsFromLine ? fromLineTest(dialogue.config, dialogue.parts.services.regexes) : undefined,
  };
}

async function receive(dialogue: Dialogue, sink: MessageSink, goAhead: string | undefined): Promise<void> {
  const state = dialogue.transaction?.state;
  const limits = await inputLimits(dialogue);
  if (limits === undefined || state === undefined) {
    sink.abort();
    dialogue.reply('451', 'Temporary local problem - please try later');
    dialogue.resetTransaction();
    return;
  }
  state.id = sink.id;
  dialogue.replyText('354', goAhead ?? 'Enter message, ending with "." on a line by itself');
  await dialogue.flush();
  const startedMs = dialogue.parts.services.clock.monotonicMs();
  const source = {
    read: () => dialogue.reader.readChunk(dialogue.wholeDeadline(startedMs)),
    unread: (rest: Buffer) => dialogue.reader.unread(rest),
  };
  const signatures = new SignatureCheck(checkedReception(dialogue));
  const decoder = new DataDecoder('dot', dialogue.isCrlfStrict);
  const reading = await readMessage(source, decoder, sink, limits, false, (headers, isUnended) =>
    signatures.observe(headers, isUnended, decoder),
  );
  await finishReading(dialogue, sink, reading, signatures);
}

export function checkedReception({ config, parts, session, transaction, until }: Dialogue): CheckedReception {
  return { config, services: parts.services, session, transaction, until };
}

/** Takes what was read into the spool, or tells why not. The sink is used up. */
export async function finishReading(
  dialogue: Dialogue,
  sink: MessageSink,
  reading: MessageReading,
  signatures: SignatureCheck,
): Promise<void> {
  if (reading.kind !== 'ok') {
    sink.abort();
    refuseReading(dialogue, sink.id, reading);
    if (reading.kind !== 'timeout') dialogue.resetTransaction(); // else the ACL for the end still sees it
    return;
  }
  if (reading.message.hasBareLineEnd && dialogue.isCrlfStrict) return refuseBareLineEnd(dialogue, sink, reading.message);
  const outcome = await acceptMessage(
    {
      config: dialogue.config,
      services: dialogue.parts.services,
      session: dialogue.session,
      transaction: dialogue.transaction,
      caller: dialogue.parts.caller,
      until: dialogue.until,
      dontDeliver: dialogue.parts.dontDeliver ?? false,
      usedChunking: dialogue.chunkSummary !== undefined,
      recipientReplies: {
        begin: () => dialogue.reply('353', 'PRDR content analysis beginning'),
        verdict: (code, text) => dialogue.replyText(code, text),
      },
      usedPipelining: dialogue.advertised.pipelining ? (dialogue.usedPipelining ? 'used' : 'offered') : undefined,
      earlyPipelining: dialogue.earlyPipelining,
      signatures,
      isClientGone: () => isClientGone(dialogue),
    },
    reading.message,
    sink,
  );
  await finishSmtpMessage(dialogue, outcome);
  // The ACL for the end of the connection still sees a message for which it ends.
  if (dialogue.isOver && dialogue.endReason === 'drop') dialogue.endCutthrough();
  else dialogue.resetTransaction();
}

/** It would not hear of the message any more, and send it again. Who sent more before it went away has more to say. */
function isClientGone(dialogue: Dialogue): boolean {
  return !dialogue.isPipe && dialogue.reader.bufferedBytes === 0 && dialogue.parts.connection.hasEnded === true;
}

/** Of `smtp_strict_crlf`: what one server takes for the end of a line another may not (RFC 5321 s2.3.8). */
function refuseBareLineEnd(dialogue: Dialogue, sink: MessageSink, { headers }: ReadMessage): void {
  const { log, origin, transaction } = dialogue;
  sink.abort();
  dialogue.reply('550', 'bare CR or LF is not allowed in messages');
  const sender = transaction?.state.sender ?? '';
  const recipients = transaction?.state.recipients.map((recipient) => recipient.address) ?? [];
  log.mainAndReject(
    `rejected from <${printable(sender)}> ${hostAndIdent(origin, log, true)}: bare CR or LF in message data`,
    rejectedMessage(sender, recipients, headers),
    sink.id,
  );
  dialogue.resetTransaction();
}

const WHERE_LOST: Readonly<Record<InputPosition, string>> = { header: ' (header)', 'after-header': ' (after header)', body: '' };

/** Of what is lost in the middle: the body of a message in chunks has its id in the log, all else has none. */
function loggedId(dialogue: Dialogue, id: string, position: InputPosition): string | undefined {
  return position === 'body' && upperCase(dialogue.lastCommand.slice(0, 4)) === 'BDAT' ? id : undefined;
}

/** Without its ident; a local caller's name. */
function hostOnly({ origin, log }: Dialogue): Octets {
  return origin.hostAddress === undefined ? hostAndIdent(origin, log, false) : fullHost(origin, log.selected('incoming_port'));
}

function userField({ ident = '' }: Readonly<Origin>): Octets {
  return ident === '' ? '' : ` U=${printable(ident)}`;
}

/** Those that were read before the limit was passed. */
function headersWithin({ headers, limitBytes }: MessageReading & { readonly kind: 'too-big' }): readonly HeaderLine[] {
  let size = 0;
  return headers.filter(({ text }) => {
    size += text.length;
    return size <= limitBytes;
  });
}

/** Spec ch. 53 "The reject log"; the texts are Exim's. */
function refuseReading(dialogue: Dialogue, id: string, reading: Exclude<MessageReading, { kind: 'ok' }>): void {
  const { log, origin, config } = dialogue;
  const sender = dialogue.transaction?.state.sender ?? '';
  const from = sender === '' ? '<>' : `<${printable(sender)}>`;
  const { main } = config;
  switch (reading.kind) {
    case 'too-big': {
      dialogue.reply('552', 'Message size exceeds maximum permitted');
      dialogue.logRejected(
        'size_reject',
        `rejected from ${from} H=${fullHost(origin, log.selected('incoming_port'))}${userField(origin)}: message too big: read=${reading.sizeBytes} max=${reading.limitBytes}`,
        rejectedMessage(sender, dialogue.transaction?.state.recipients.map((recipient) => recipient.address) ?? [], headersWithin(reading)),
        id,
      );
      return;
    }
    case 'header-too-big':
      dialogue.reply('552', 'Message header is ridiculously long');
      log.main(
        `ridiculously long message header received from ${hostOnly(dialogue)} (more than ${main.header_maxsize || 1024 * 1024} characters): message abandoned`,
      );
      return;
    case 'header-line-too-long':
      dialogue.reply('552', 'A message header line is too long');
      log.main(
        `overlong message header line received from ${hostOnly(dialogue)} (more than ${main.header_line_maxsize} characters): message abandoned`,
      );
      return;
    case 'store':
      dialogue.reply('451', 'Error while writing spool file');
      log.panic(`spool write error: ${reading.reason}`, id);
      return;
    case 'timeout':
      dialogue.farewell = { code: '421', text: `${dialogue.hostName} SMTP incoming data timeout - closing connection.` };
      log.main(
        `SMTP data timeout (message abandoned) on connection from ${hostOnly(dialogue)} F=${from} D=${dialogue.duration()}`,
        reading.position === 'body' ? id : undefined,
      );
      if (reading.position !== 'body') dialogue.forgetId();
      dialogue.endReason = 'timeout';
      dialogue.session.state.quitReason = 'data-timeout';
      dialogue.isOver = true;
      return;
    default:
      if (reading.kind === 'error' && reading.position === 'after-header') {
        log.main(
          `Message abandoned: Input read error (${reading.reason}) while receiving message from ${hostAndIdent(origin, log, false)}`,
          id,
        );
        dialogue.lostReason = reading.reason;
      } else {
        if (log.selected('lost_incoming_connection'))
          log.main(
            lostLine(origin, `while reading message data${WHERE_LOST[reading.position]}`, log, dialogue.parts.isFromInetd),
            loggedId(dialogue, id, reading.position),
          );
        dialogue.isEndTold = true;
      }
      dialogue.reply('421', 'Lost incoming connection');
      dialogue.endReason = 'error';
      dialogue.isOver = true;
  }
}
