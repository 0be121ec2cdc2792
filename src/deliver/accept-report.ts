/** Takes a report (bounce, warning) into the spool as a message of its own, with the same steps as any other. Spec ch. 3 "Receiving mail"; DESIGN 3.8. */
import type { Octets } from '../base/octets.ts';
import type {
  AcceptedMessage,
  Config,
  HeaderLine,
  Message,
  MessageEnvelope,
  MessageSink,
  Outcome,
  ReportSubmission,
} from '../core/index.ts';
import { defer, ok, UNTRIED_MESSAGE } from '../core/index.ts';
import type { Report } from '../dsn/report.ts';
import { arrivalLine } from '../logging/lines/arrival.ts';
import { formatDate } from '../message/date.ts';
import { memoryBody } from '../spool/body.ts';
import { type Attempt, type DeliverParts, leaveOnQueue } from './attempt.ts';

/** Accepted and handed over; not ok when it could not be stored. The status of a submission that was refused, else 0. */
export async function sendReport(attempt: Attempt, report: Report): Promise<Outcome<number>> {
  const submitted = await submitReport(report, attempt.message.id, attempt.parts);
  if (submitted.kind !== 'ok') return submitted;
  const { value } = submitted;
  if (value.kind === 'refused') return ok(value.status);
  if (value.isQueued) leaveOnQueue(value.accepted);
  else await attempt.handOver(value.accepted);
  return ok(0);
}

/** Where nothing of the configuration looks at messages of local programs the same message is made without the reception's code. */
async function submitReport(report: Report, reference: string, parts: DeliverParts): Promise<Outcome<ReportSubmission>> {
  const { config, services, spool } = parts;
  if (services.submitReport === undefined || !isLookedAt(config)) {
    const made = await acceptReport(report, reference, parts);
    return made.kind === 'ok' ? ok({ kind: 'accepted', accepted: made.value, isQueued: false }) : made;
  }
  try {
    return ok(await services.submitReport({ ...report, config, services, store: spool, queueName: spool.queueName, reference }));
  } catch (error) {
    return defer(error instanceof Error ? error.message : String(error)); // the returned message cannot be read
  }
}

function isLookedAt({ main, rewriteRules }: Config): boolean {
  const acls = [main.acl_not_smtp_start, main.acl_not_smtp, main.acl_not_smtp_mime];
  return acls.some((acl) => acl !== undefined) || main.local_scan_path !== undefined || rewriteRules.length > 0;
}

/** The message is durable and logged when it resolves with ok; `reference` is the message that it is about. */
async function acceptReport(report: Report, reference: string, parts: DeliverParts): Promise<Outcome<AcceptedMessage>> {
  const begun = parts.spool.begin();
  if (begun.kind === 'error') return defer(`spool: ${begun.reason}`);
  const { sink } = begun;
  const counted = await writeBody(report, sink);
  if (counted.kind !== 'ok') return abort(sink, counted.message);
  const envelope = await makeEnvelope(report, sink.id, counted.value, parts);
  const committed = await sink.commit(envelope);
  if (committed.kind === 'error') return defer(`spool: ${committed.reason}`);
  logArrival(committed.value.message, report, reference, parts);
  return ok(committed.value);
}

interface BodyCounts {
  readonly lines: number;
  readonly longestLine: number;
}

function abort(sink: MessageSink, message: string): Outcome<never> {
  sink.abort();
  return defer(message);
}

/** Reading the returned message may fail; then there is no report yet. */
async function writeBody(
  report: Report,
  sink: MessageSink,
): Promise<{ kind: 'ok'; value: BodyCounts } | { kind: 'defer'; message: string }> {
  let lines = 0;
  let longestLine = 0;
  let current = 0;
  try {
    for await (const chunk of report.body()) {
      for (let from = 0; from < chunk.length; ) {
        const end = chunk.indexOf(0x0a, from);
        current += (end < 0 ? chunk.length : end) - from;
        if (end < 0) break;
        longestLine = Math.max(longestLine, current + 1);
        lines++;
        current = 0;
        from = end + 1;
      }
      const written = await sink.write(chunk);
      if (written.kind === 'error') return { kind: 'defer', message: `spool: ${written.reason}` };
    }
  } catch (error) {
    return { kind: 'defer', message: error instanceof Error ? error.message : String(error) };
  }
  return { kind: 'ok', value: { lines, longestLine } };
}

async function makeEnvelope(report: Report, id: string, body: BodyCounts, parts: DeliverParts): Promise<MessageEnvelope> {
  const { config, services } = parts;
  const { startup } = config;
  const now = services.clock.now();
  const login = startup.eximLogin;
  const headers: HeaderLine[] = [
    ...report.headers.map((text): HeaderLine => ({ type: headerType(text), text })),
    { type: 'I', text: `Message-Id: <${messageIdOf(id, config)}>\n` },
    { type: ' ', text: `Date: ${formatDate(services.clock, config.main.timezone, now)}\n` },
  ];
  const envelope: MessageEnvelope = {
    sender: '',
    recipients: report.recipients.map((address) => ({ address })),
    headers,
    bodyLineCount: body.lines,
    bodyZeroCount: 0,
    maxReceivedLineLength: Math.max(body.longestLine, ...headers.flatMap((header) => header.text.split('\n').map((line) => line.length))),
    receivedAtMs: now,
    receivedUsec: Math.floor((now % 1000) * 1000),
    receiveDurationUsec: 0,
    isUtf8: false,
    dsn: {},
    aclM: new Map(),
    origin: {
      callerLogin: login,
      callerUid: startup.eximUid,
      callerGid: startup.eximGid,
      ident: login,
      protocol: 'local',
      isLocal: false,
      aclC: new Map(),
      allowUnqualifiedRecipient: true,
      allowUnqualifiedSender: true,
    },
    ...UNTRIED_MESSAGE,
    isLocalError: true,
    queueName: parts.spool.queueName,
  };
  const received = await receivedHeader({ ...envelope, id, size: 0, body: memoryBody(Buffer.alloc(0)) }, parts);
  return received === '' ? envelope : { ...envelope, headers: [{ type: 'P', text: received }, ...headers] };
}

function headerType(text: Octets): HeaderLine['type'] {
  if (text.startsWith('From:')) return 'F';
  if (text.startsWith('To:')) return 'T';
  return text.startsWith('Reply-To:') ? 'R' : ' ';
}

function messageIdOf(id: string, config: Config): Octets {
  return `E${id}@${config.main.message_id_header_domain?.constant ?? config.main.primary_hostname ?? ''}`;
}

/** `received_header_text` and the date; '' when it expands to nothing. */
async function receivedHeader(message: Message, parts: DeliverParts): Promise<Octets> {
  const { config, services } = parts;
  const template = config.main.received_header_text;
  if (template === undefined) return '';
  const text = await template.evaluate({
    config,
    services,
    message,
    results: {},
    captures: [],
    until: { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal },
  });
  if (text.kind !== 'ok') {
    services.log.panic(
      `failed to expand received_header_text: ${text.kind === 'forced-fail' ? 'forced failure' : text.message}`,
      message.id,
    );
    return '';
  }
  return text.value.octets === ''
    ? ''
    : `${text.value.octets};\n\t${formatDate(services.clock, config.main.timezone, message.receivedAtMs)}\n`;
}

function logArrival(message: Message, report: Report, reference: string, parts: DeliverParts): void {
  const { log } = parts.services;
  const subject = report.headers
    .find((header) => header.startsWith('Subject: '))
    ?.slice(9)
    .split('\n')[0];
  log.main(
    arrivalLine(
      {
        sender: '',
        origin: message.origin,
        sizeBytes: message.size,
        reference,
        bodyType: '',
        durationMs: 0,
        queueName: message.queueName,
        messageId: { value: messageIdOf(message.id, parts.config), isCreated: true },
        subject,
        rawSender: '',
        recipients: report.recipients,
      },
      log,
    ),
    message.id,
  );
}
