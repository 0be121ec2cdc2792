/** `-bt`, `-bv`, `-bvs`: what becomes of addresses. Spec ch. 5 "-bt", "-bv". */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, trimSpace } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import { untilAborted } from '../core/index.ts';
import { type AddressListItem, parseAddressList } from '../message/address.ts';
import { formatLogTime } from '../message/date.ts';
import { addressSyntax } from '../receive/commands/syntax.ts';
import { givenSender, ownAddress } from '../receive/local-sender.ts';
import { newOrigin, newSessionState, newTransaction } from '../receive/transaction.ts';
import { type ReportPurpose, reportAddress } from '../verify/report.ts';
import type { ModeContext, ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { shownLog } from './shown-log.ts';

export const runAddressTest: ModeRunner = async (context) => {
  const { invocation, io } = context;
  const { clock } = context.system;
  const isTalkative = invocation.mode?.kind !== 'verify' || invocation.isVerbose || invocation.debug !== undefined;
  const stamp = () => formatLogTime(clock, undefined, clock.now());
  const opened = await openForMode(context, { replaceLog: (log) => shownLog(log, io.stderr, isTalkative, stamp) });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller } = opened;
  const { main } = runtime.config;
  const mode = invocation.mode;
  const purpose: ReportPurpose = mode?.kind === 'verify' ? (mode.isSender ? 'verify-sender' : 'verify-recipient') : 'test';
  const syntax = addressSyntax(main, false);
  const given = invocation.sender === undefined ? undefined : givenSender(invocation.sender, syntax, runtime.config);
  if (given && 'problem' in given) {
    io.stderr.write(`${given.problem}\n`);
    opened.close();
    return 1;
  }
  const lifetime = new AbortController();
  const until = untilAborted(lifetime.signal);
  const transaction = newTransaction(0, clock.now());
  const sender = purpose === 'verify-sender' ? '' : (given?.address ?? ownAddress(caller, runtime.config));
  transaction.state.sender = sender;
  const session = {
    mode: 'command-line' as const,
    connectionNumber: 0,
    startedAtMs: clock.now(),
    caller,
    isRehearsal: true,
    until,
    state: newSessionState({ ...newOrigin(caller, true), ident: caller.login }),
  };
  const frame: Frame = { ...runtime.frame(until, transaction.state.results), session, transaction };
  const seen = new Set<Octets>();
  let status = 0;
  const test = async (text: Octets) => {
    for (const item of parseAddressList(text, syntax)) await testOne(item);
  };
  const testOne = async (parsed: AddressListItem) => {
    if (parsed.kind === 'error') {
      io.stdout.write(`syntax error: ${parsed.message}\n`);
      status = 2;
      return;
    }
    const address = parsed.domain === '' ? `${parsed.address}@${qualifyDomain(purpose, runtime.config.main)}` : parsed.address;
    const returnPath = purpose === 'verify-sender' ? address : sender;
    const report = await reportAddress(
      { address, written: parsed.address, purpose, isDetailed: isTalkative, tellsWhy: caller.isAdmin },
      seen,
      { ...frame, returnPath },
    );
    io.stdout.write(report.text);
    if (report.status > status) status = report.status;
  };
  if (invocation.words.length > 0) for (const word of invocation.words) await test(word);
  else await testLines(context, test);
  lifetime.abort();
  opened.close();
  return status;
};

function qualifyDomain(
  purpose: ReportPurpose,
  main: { readonly qualify_domain: Octets | undefined; readonly qualify_recipient: Octets | undefined },
): Octets {
  return (purpose === 'verify-sender' ? main.qualify_domain : (main.qualify_recipient ?? main.qualify_domain)) ?? '';
}

/** Addresses from standard input, one a line, with a prompt. */
async function testLines({ io }: ModeContext, test: (text: Octets) => Promise<void>): Promise<void> {
  let rest = '';
  io.stdout.write('> ');
  for await (const chunk of io.stdin) {
    rest += octetsFromBytes(chunk);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = trimSpace(rest.slice(0, end));
      rest = rest.slice(end + 1);
      if (line !== '') await test(line);
      io.stdout.write('> ');
    }
  }
  io.stdout.write('\n');
}
