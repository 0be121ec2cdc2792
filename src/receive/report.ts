/** Reports (bounces, warnings) are submitted by Exim's user, so that ACLs, `local_scan` and rewriting rules see them. Spec ch. 44 "The non-SMTP ACLs". */
import type { Caller, Config, ReportRequest, ReportSubmission } from '../core/index.ts';
import { submitMessage } from './submission.ts';

export async function submitReport(request: ReportRequest): Promise<ReportSubmission> {
  const { config, services, store, recipients, reference } = request;
  let accepted: ReportSubmission | undefined;
  const status = await submitMessage({
    config,
    services,
    store: { begin: (queueName) => store.begin(queueName) },
    caller: eximCaller(config),
    input: reportText(request),
    writeError: () => {}, // the log has it
    signal: new AbortController().signal,
    receiveTimeoutSeconds: 0,
    sender: '',
    recipients,
    takesRecipientsFromHeaders: false,
    isDotNotEnd: true,
    errors: 'mail', // for want of a sender it is logged
    commandLine: { isLocalError: true, reference },
    queueName: request.queueName,
    onAccepted: (message, wish) => {
      accepted = { kind: 'accepted', accepted: message, isQueued: wish === 'queue' };
    },
    deliveryMode: 'background',
  });
  return accepted ?? { kind: 'refused', status };
}

function eximCaller(config: Config): Caller {
  const { eximLogin, eximUid, eximGid } = config.startup;
  return { uid: eximUid, gid: eximGid, groups: [], login: eximLogin, fullName: '', home: '', isTrusted: true, isAdmin: true };
}

async function* reportText({ headers, body }: ReportRequest): AsyncIterable<Uint8Array> {
  yield Buffer.from(`${headers.join('')}\n`, 'latin1');
  yield* body();
}
