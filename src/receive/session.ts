/**
 * An SMTP server session from the first octet to the last: greeting, commands with their limits, the end. One object a connection; whoever
 * creates it closes it. Spec ch. 49 "SMTP processing"; RFC 5321.
 */
import { assertNever } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import { type Deadline, ok } from '../core/index.ts';
import { lookUpSenderName } from '../lists/host-name.ts';
import { closedLine, connectionLine, lostIdleLine, lostLine, noMailLine } from '../logging/lines/connection.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import type { Command, Verb } from '../smtp/command.ts';
import { parseCommand } from '../smtp/command.ts';
import type { LineResult } from '../smtp/line-reader.ts';
import { atrn } from './commands/atrn.ts';
import { auth } from './commands/auth.ts';
import { bdat } from './commands/bdat.ts';
import { data, finishReading } from './commands/data.ts';
import { etrn } from './commands/etrn.ts';
import { greet, optionText } from './commands/helo.ts';
import { mail } from './commands/mail.ts';
import { expn, help, vrfy } from './commands/query.ts';
import { rcpt } from './commands/rcpt.ts';
import { startTlsAtOnce, starttls } from './commands/starttls.ts';
import { wellknown } from './commands/wellknown.ts';
import { xclient } from './commands/xclient.ts';
import type { SmtpParts } from './dialogue.ts';
import { Dialogue } from './dialogue.ts';
import { expandOctets, expandTime, isSenderHostInOption, sizeLimitProblem } from './expansion.ts';
import { askIdent } from './ident.ts';
import { noteIncomplete } from './incomplete-transaction.ts';
import { isLoadAcceptable, isReserveRespected } from './load.ts';
import { negotiateProxy } from './proxy.ts';
import { enforcesSync, rejectBeforeGreeting, rejectEarlyInput } from './synchronization.ts';

export type { SmtpParts } from './dialogue.ts';

/** With an argument they are syntax errors and nothing else: neither counted nor remembered. */
const WITHOUT_ARGUMENT: ReadonlySet<Verb> = new Set(['DATA', 'RSET', 'QUIT', 'STARTTLS']);
/** They do not count as non-mail commands. */
const MAIL_COMMANDS: ReadonlySet<Verb> = new Set(['MAIL', 'RCPT', 'DATA', 'BDAT', 'QUIT']);

/** They end a message between its chunks. */
const ENDS_CHUNKS: ReadonlySet<Verb> = new Set(['RSET', 'QUIT']);
/** For the exit status. Who is dropped by an ACL has been told. */
const FAILED_ENDS: ReadonlySet<Dialogue['endReason']> = new Set(['eof', 'timeout', 'error', 'signal']);

export class SmtpSession {
  readonly #dialogue: Dialogue;
  readonly #parts: SmtpParts;
  #logsConnection = false;
  /** The client has been let in; who has not is told of by the line of its refusal only. */
  #isGreeted = false;
  /** Of the connect ACL, in place of smtp_banner. */
  #banner: Octets | undefined;
  /** One uncounted use between messages, each (Spec ch. 49 "Use of non-mail SMTP commands"). */
  #free = new Set<Verb>();
  /** No transaction is begun any more. */
  #isLeaving = false;

  constructor(parts: SmtpParts) {
    this.#parts = parts;
    this.#dialogue = new Dialogue(parts);
    this.#resetFree();
  }

  /** Ends when the connection ends; never rejects. The connection is closed then. The exit status of -bs: 1 when the client was cut off. */
  async run(): Promise<number> {
    const dialogue = this.#dialogue;
    try {
      this.#isGreeted = await this.#open();
      if (this.#isGreeted) await this.#converse();
      await this.#finish();
    } catch (error) {
      // A bug: this session ends, the server goes on.
      dialogue.log.panic(`SMTP session failed: ${printable(error instanceof Error ? `${error.stack ?? error.message}` : String(error))}`);
    } finally {
      dialogue.transaction = undefined;
      dialogue.close();
    }
    return dialogue.wasCutOff || FAILED_ENDS.has(dialogue.endReason) ? 1 : 0;
  }

  /** From outside: the process is to end. Who is in a transaction may finish it, the others are told at once. */
  leave(): void {
    this.#isLeaving = true;
    if (!this.#dialogue.isWaiting || this.#isInTransaction()) return;
    this.#dialogue.leave();
    this.#dialogue.stopWaiting();
  }

  /** From outside: the process ends now. */
  close(): void {
    this.#dialogue.leave();
    this.#dialogue.sayFarewell();
    void this.#dialogue.flush();
    this.#dialogue.close();
  }

  #isInTransaction(): boolean {
    return this.#dialogue.transaction !== undefined;
  }

  // ---------------------------------------------------------------- greeting

  /** Everything before the first command. False: the connection is refused. */
  async #open(): Promise<boolean> {
    const dialogue = this.#dialogue;
    const { origin, log } = dialogue;
    const isUnlogged = await isSenderHostInOption('hosts_connection_nolog', dialogue.frame());
    this.#logsConnection = log.selected('smtp_connection') && !isUnlogged;
    if (this.#countToTell() !== 'inetd' && !isLoadAcceptable(dialogue)) return false;
    if (this.#logsConnection) log.main(connectionLine(origin, this.#countToTell(), log));
    if (!(await this.#readSettings())) return false;
    await askIdent(dialogue);
    if (origin.hostAddress !== undefined && !((await this.#checkHost()) && (await isReserveRespected(dialogue)))) return false;
    await negotiateProxy(dialogue);
    if (!(await this.#runConnectAcl())) return false;
    if (this.#parts.isTlsOnConnect && !(await startTlsAtOnce(dialogue))) return false;
    const mayBeEarly = await isSenderHostInOption('pipelining_connect_advertise_hosts', dialogue.frame());
    if (mayBeEarly) dialogue.earlyPipelining = dialogue.reader.bufferedBytes > 0 && !dialogue.isPipe ? 'used' : 'accepted';
    else if (await this.#spokeTooEarly()) return false;
    return this.#sendBanner();
  }

  #countToTell(): number | 'inetd' | undefined {
    const { isFromInetd, isRehearsal, connectionCount } = this.#parts;
    if (isFromInetd) return 'inetd';
    return this.#dialogue.isOverTcp && !isRehearsal ? connectionCount : undefined;
  }

  async #checkHost(): Promise<boolean> {
    const dialogue = this.#dialogue;
    const { origin, log } = dialogue;
    if (await isSenderHostInOption('host_lookup', dialogue.frame())) await lookUpSenderName(dialogue.frame());
    if (await isSenderHostInOption('host_reject_connection', dialogue.frame())) {
      dialogue.logRejected('connection_reject', `refused connection from ${hostAndIdent(origin, log, false)} (host_reject_connection)`);
      dialogue.reply('554', 'SMTP service not available');
      dialogue.drop();
      return false;
    }
    origin.allowUnqualifiedSender = await isSenderHostInOption('sender_unqualified_hosts', dialogue.frame());
    origin.allowUnqualifiedRecipient = await isSenderHostInOption('recipient_unqualified_hosts', dialogue.frame());
    dialogue.heloRules = {
      mustVerify: await isSenderHostInOption('helo_verify_hosts', dialogue.frame()),
      triesToVerify: await isSenderHostInOption('helo_try_verify_hosts', dialogue.frame()),
      acceptsJunk: await isSenderHostInOption('helo_accept_junk_hosts', dialogue.frame()),
    };
    return true;
  }

  /** False: what cannot be read ends the session. */
  async #readSettings(): Promise<boolean> {
    const dialogue = this.#dialogue;
    const { main } = dialogue.config;
    if (dialogue.origin.hostAddress === undefined && !dialogue.session.commandLine?.keepsUnqualified) {
      dialogue.origin.allowUnqualifiedSender = true;
      dialogue.origin.allowUnqualifiedRecipient = true;
    }
    if (main.smtp_active_hostname !== undefined) {
      const { source } = main.smtp_active_hostname;
      const name = await expandOctets(main.smtp_active_hostname, dialogue.frame());
      if (name.kind === 'fail' || name.kind === 'defer')
        return this.#breakOff(
          `failed to expand "${source}" (smtp_active_hostname): ${name.message}`,
          'Local configuration error; please try again later.',
        );
      if (name.kind === 'ok' && name.value !== '') dialogue.origin.activeHostname = name.value;
    }
    await this.#readReceiveTimeout();
    const problem = await sizeLimitProblem(main.message_size_limit, dialogue.frame());
    return problem === undefined || this.#breakOff(problem, 'Temporary local problem - please try later');
  }

  /** For a mistake in the configuration. Gives false. */
  #breakOff(cause: Octets, text: Octets): false {
    const dialogue = this.#dialogue;
    dialogue.log.panic(cause);
    dialogue.reply('421', text);
    dialogue.wasCutOff = true;
    dialogue.drop();
    return false;
  }

  /** Five minutes, when it makes no sense. */
  async #readReceiveTimeout(): Promise<void> {
    const dialogue = this.#dialogue;
    const option = dialogue.config.main.smtp_receive_timeout;
    const given = this.#parts.receiveTimeoutSeconds;
    const timeout = given !== undefined ? ok(given) : await expandTime(option, dialogue.frame(), 300);
    if (timeout.kind === 'ok') {
      dialogue.receiveTimeoutMs = timeout.value * 1000;
      return;
    }
    const text = await expandOctets(option, dialogue.frame());
    dialogue.log.panic(`bad value for smtp_receive_timeout: '${text.kind === 'ok' ? text.value : ''}'`);
  }

  async #runConnectAcl(): Promise<boolean> {
    const dialogue = this.#dialogue;
    const verdict = await dialogue.runAcl('connect', dialogue.config.main.acl_smtp_connect, { kind: 'accept' });
    if (verdict.kind === 'accept' || verdict.kind === 'discard') {
      this.#banner = verdict.kind === 'accept' ? verdict.message : undefined;
      return true;
    }
    dialogue.refuse('connect', 'connection in "connect" ACL', verdict);
    dialogue.isTurnedAway = verdict.kind !== 'fail' || !verdict.isDrop;
    dialogue.session.state.quitReason = 'acl-drop';
    dialogue.drop();
    return false;
  }

  /** The client must wait for the greeting (RFC 5321 s3.1). */
  async #spokeTooEarly(): Promise<boolean> {
    const dialogue = this.#dialogue;
    if (!enforcesSync(dialogue) || this.#parts.isTlsOnConnect) return false;
    if (!(await dialogue.reader.poll(this.#momentLater()))) return false;
    rejectBeforeGreeting(dialogue);
    return true;
  }

  async #sendBanner(): Promise<boolean> {
    const dialogue = this.#dialogue;
    const option = dialogue.config.main.smtp_banner;
    const banner = this.#banner ?? (await optionText(dialogue, option, 'smtp_banner'));
    if (banner === undefined) {
      dialogue.reply('421', 'Unexpected failure, please try later');
      dialogue.wasCutOff = true;
      dialogue.drop();
      return false;
    }
    dialogue.replyText('220', banner);
    await dialogue.flush();
    return !dialogue.isOver;
  }

  // ---------------------------------------------------------------- commands

  async #converse(): Promise<void> {
    const dialogue = this.#dialogue;
    while (!dialogue.isOver) {
      if (this.#isLeaving && !this.#isInTransaction()) return this.#leaveOrLose();
      await dialogue.flushUnlessPipelined();
      if (dialogue.isOver) return;
      const result = await dialogue.nextLine();
      if (this.#dialogue.endReason === 'signal') return;
      if (result.kind !== 'line') return this.#inputEnded(result);
      await this.#command(result);
    }
  }

  /** Who went away while the server did something else is told nothing. */
  async #leaveOrLose(): Promise<void> {
    const dialogue = this.#dialogue;
    await dialogue.reader.poll(this.#momentLater());
    const { ending } = dialogue.reader;
    if (ending === undefined) dialogue.leave();
    else dialogue.lost(ending);
  }

  /** What has arrived is known only after a turn of the event loop. */
  #momentLater(): Deadline {
    return { endMs: this.#parts.services.clock.monotonicMs() + 1, signal: this.#dialogue.until.signal };
  }

  /** Between the chunks of a message a client that is silent has said no command; of one that went away it is message data that is missing. */
  async #inputEnded(result: Exclude<LineResult, { kind: 'line' }>): Promise<void> {
    const dialogue = this.#dialogue;
    const { chunked } = dialogue;
    if (chunked === undefined || result.kind === 'timeout') return dialogue.lost(result);
    dialogue.chunked = undefined;
    await finishReading(dialogue, chunked.sink, chunked.receiver.brokenOff({ kind: 'end' }), chunked.signatures);
  }

  async #command(result: LineResult & { kind: 'line' }): Promise<void> {
    const dialogue = this.#dialogue;
    const { state } = dialogue.session;
    dialogue.trace(() => `SMTP<< ${printable(result.line)}`);
    const command = parseCommand(result.hasNul ? result.line.replaceAll('\0', '?') : result.line);
    dialogue.lastCommand = command.line;
    state.command = command.line;
    state.commandArgument = command.argument;
    if (result.hasBareLineEnd && dialogue.isCrlfStrict)
      return dialogue.protocolError('protocol', '501', 'bare CR or LF is not allowed in SMTP commands');
    if (result.isPiece) return this.#unknown();
    if (result.hasNul) {
      dialogue.logError('syntax', "NUL character(s) present (shown as '?')");
      return dialogue.countedError('501', 'NUL characters are not allowed in SMTP commands');
    }
    if (dialogue.isProxyFailed && command.verb !== 'QUIT')
      return dialogue.reply('503', 'Command refused, required Proxy negotiation failed');
    if (dialogue.isTlsFailed && command.verb !== 'QUIT') return dialogue.reply('554', 'Security failure');
    if (rejectEarlyInput(dialogue, command.verb)) return;
    if (command.verb === undefined) return this.#unknown();
    if (command.argument !== '' && WITHOUT_ARGUMENT.has(command.verb))
      return dialogue.protocolError('syntax', '501', 'unexpected argument data');
    if (await this.#hasTooManyNonmail(command.verb)) return;
    if (this.#breaksChunks(command.verb)) return;
    if (command.verb !== 'BDAT' || !dialogue.isChunkingBroken) this.#remember(command.verb);
    await this.#dispatch(command.verb, command);
    dialogue.previousVerb = command.verb;
  }

  #remember(verb: Octets): void {
    const history = this.#dialogue.session.state.commandHistory;
    history.push(verb);
    if (history.length > 40) history.splice(0, history.length - 21);
  }

  /** Between the chunks of a message nothing else of a mail transaction may come. RFC 3030 s2. */
  #breaksChunks(verb: Verb): boolean {
    const dialogue = this.#dialogue;
    const isBroken = dialogue.isChunkingBroken;
    if (ENDS_CHUNKS.has(verb) || verb === 'BDAT' || (!isBroken && (dialogue.chunked === undefined || verb === 'NOOP'))) return false;
    dialogue.protocolError('protocol', '503', isBroken ? 'only RSET accepted now' : 'only BDAT permissible after non-LAST BDAT');
    dialogue.dropChunks();
    dialogue.isChunkingBroken = true;
    return true;
  }

  #unknown(): void {
    const dialogue = this.#dialogue;
    dialogue.unknownCommands++;
    if (dialogue.unknownCommands > dialogue.config.main.smtp_max_unknown_commands) {
      dialogue.logError('syntax', 'unrecognized command');
      noteIncomplete(this.#dialogue, 'unrecognized command');
      dialogue.farewell = { code: '500', text: 'Too many unrecognized commands' };
      dialogue.dropFor(`too many unrecognized commands (last was "${dialogue.shownCommand(128)}")`, 'bad-commands');
      return;
    }
    dialogue.previousVerb = undefined;
    dialogue.protocolError('syntax', '500', 'unrecognized command');
  }

  async #hasTooManyNonmail(verb: Verb): Promise<boolean> {
    const dialogue = this.#dialogue;
    if (MAIL_COMMANDS.has(verb) || (verb === 'STARTTLS' && !dialogue.advertised.tls)) return false;
    const family = verb === 'EHLO' ? 'HELO' : verb;
    if (this.#free.delete(family)) return false;
    dialogue.nonmailCommands++;
    if (dialogue.nonmailCommands <= dialogue.config.main.smtp_accept_max_nonmail) return false;
    if (!(await isSenderHostInOption('smtp_accept_max_nonmail_hosts', dialogue.frame()))) return false;
    noteIncomplete(this.#dialogue, 'too many non-mail commands');
    dialogue.farewell = { code: '554', text: 'Too many nonmail commands' };
    dialogue.dropFor(
      `too many nonmail commands (last was "${dialogue.lastCommand.slice(0, 128).split(' ')[0] ?? ''}")`,
      'bad-commands',
      true,
    );
    return true;
  }

  #resetFree(): void {
    this.#free = new Set<Verb>(['HELO', 'RSET', 'STARTTLS', 'AUTH']);
  }

  async #dispatch(verb: Verb, command: Command): Promise<void> {
    const dialogue = this.#dialogue;
    switch (verb) {
      case 'HELO':
      case 'EHLO':
        return greet(dialogue, command);
      case 'MAIL':
        return mail(dialogue, command);
      case 'RCPT':
        return rcpt(dialogue, command);
      case 'DATA':
        if (await data(dialogue)) this.#resetFree();
        return;
      case 'BDAT':
        if (await bdat(dialogue, command)) this.#resetFree();
        return;
      case 'STARTTLS':
        await starttls(dialogue, command);
        if (dialogue.origin.tls !== undefined) {
          this.#free.add('HELO');
          this.#free.add('AUTH');
        }
        return;
      case 'AUTH':
        return auth(dialogue, command);
      case 'VRFY':
        return vrfy(dialogue, command);
      case 'EXPN':
        return expn(dialogue, command);
      case 'ETRN':
        return etrn(dialogue, command);
      case 'HELP':
        return help(dialogue);
      case 'XCLIENT':
        return xclient(dialogue, command);
      case 'WELLKNOWN':
        return wellknown(dialogue, command);
      case 'ATRN':
        return atrn(dialogue, command);
      case 'NOOP':
        return dialogue.reply('250', 'OK');
      case 'RSET':
        noteIncomplete(this.#dialogue, 'RSET');
        dialogue.resetTransaction();
        return dialogue.reply('250', 'Reset OK');
      case 'QUIT':
        return this.#quit();
    }
  }

  async #quit(): Promise<void> {
    const dialogue = this.#dialogue;
    noteIncomplete(this.#dialogue, 'QUIT');
    this.#noteLostChunks();
    const verdict = await dialogue.runAcl('quit', dialogue.config.main.acl_smtp_quit, { kind: 'accept' });
    if (verdict.kind === 'error') dialogue.log.panic(`ACL for QUIT returned ERROR: ${verdict.logMessage}`);
    if (verdict.message !== undefined) dialogue.replyWithoutCode('221', verdict.message);
    else dialogue.reply('221', `${dialogue.hostName} closing connection`);
    dialogue.isOver = true;
    dialogue.endReason = 'quit';
  }

  // ---------------------------------------------------------------- the end

  /** QUIT between the chunks of a message: the rest of it is missing. */
  #noteLostChunks(): void {
    const { chunked, isChunkingBroken, transaction, log, origin } = this.#dialogue;
    if ((chunked === undefined && !isChunkingBroken) || !log.selected('lost_incoming_connection')) return;
    log.main(lostLine(origin, 'while reading message data', log, this.#parts.isFromInetd), transaction?.state.id);
  }

  /** Within a transaction. */
  #noteLost(): void {
    const dialogue = this.#dialogue;
    const { log, origin } = dialogue;
    if (dialogue.transaction === undefined || dialogue.isEndTold) return;
    dialogue.isEndTold = true;
    const error = this.#lostBecause();
    if (log.selected('lost_incoming_connection'))
      log.main(
        `unexpected disconnection while reading SMTP command from ${hostAndIdent(origin, log, false)}${error} D=${dialogue.duration()}`,
      );
  }

  async #finish(): Promise<void> {
    const dialogue = this.#dialogue;
    const { log, origin } = dialogue;
    const durationMs = this.#parts.services.clock.now() - dialogue.session.startedAtMs;
    const duration = dialogue.duration();
    const who = hostAndIdent(origin, log, false);
    switch (dialogue.endReason) {
      case 'eof':
        noteIncomplete(this.#dialogue, 'connection lost');
        dialogue.farewell = { code: '421', text: `${dialogue.hostName} lost input connection` };
        dialogue.session.state.quitReason ??= 'connection-lost';
        break;
      case 'timeout':
        if (dialogue.session.state.quitReason === undefined) {
          if (this.#idOfChunks() === undefined) dialogue.forgetId();
          if (log.selected('lost_incoming_connection'))
            log.main(
              `SMTP command timeout on${origin.tls === undefined ? '' : ' TLS'} connection from ${who} D=${duration}`,
              this.#idOfChunks(),
            );
          dialogue.farewell = { code: '421', text: `${dialogue.hostName}: SMTP command timeout - closing connection` };
        }
        dialogue.session.state.quitReason ??= 'command-timeout';
        break;
      case 'error':
        noteIncomplete(this.#dialogue, 'connection lost');
        dialogue.session.state.quitReason ??= 'connection-lost';
        break;
      default:
    }
    const isDropByAcl = this.#isDropByAcl();
    if (isDropByAcl) this.#logClosed(durationMs);
    const isAsked = dialogue.endReason !== 'quit' && (this.#isGreeted || isDropByAcl) && !dialogue.isTurnedAway;
    const said = isAsked && dialogue.config.main.acl_smtp_notquit !== undefined ? await this.#runNotquit() : undefined;
    dialogue.sayFarewell(said);
    if (isDropByAcl && dialogue.isHeloRefused) origin.heloName = undefined; // from now on
    if (dialogue.endReason === 'eof' || dialogue.endReason === 'error') this.#noteLost();
    if (dialogue.dropLine !== undefined) log.mainAndReject(dialogue.dropLine);
    dialogue.isOver = false;
    const { endReason } = dialogue;
    await dialogue.flush();
    dialogue.endReason = endReason; // that the last reply does not arrive is no other end
    if (!isDropByAcl) this.#logClosed(durationMs);
    this.#logNoMail(durationMs);
    dialogue.parts.connection.end();
  }

  /** Of a message whose header has come. */
  #idOfChunks(): string | undefined {
    const { chunked } = this.#dialogue;
    return chunked?.receiver.isInBody ? chunked.sink.id : undefined;
  }

  #isDropByAcl(): boolean {
    const { endReason, session } = this.#dialogue;
    return endReason === 'drop' && session.state.quitReason === 'acl-drop';
  }

  #lostBecause(): Octets {
    const { lostReason } = this.#dialogue;
    return lostReason === '' ? '' : ` (error: ${lostReason})`;
  }

  /** It cannot refuse any more; a broken one is told in the panic log. Gives what it says in place of the last reply. */
  async #runNotquit(): Promise<Octets | undefined> {
    const dialogue = this.#dialogue;
    const verdict = await dialogue.runAcl('notquit', dialogue.config.main.acl_smtp_notquit, { kind: 'accept' });
    if (verdict.kind === 'error') dialogue.log.panic(`ACL for not-QUIT returned ERROR: ${verdict.logMessage}`);
    return verdict.message;
  }

  #logClosed(durationMs: number): void {
    const { log, isTurnedAway } = this.#dialogue;
    const line = this.#logsConnection && !isTurnedAway ? this.#endLine(durationMs) : undefined;
    if (line !== undefined) log.main(line, this.#isDropByAcl() ? this.#dialogue.transaction?.state.id : undefined);
  }

  /** Of `smtp_no_mail`. Who was silent has been told of. */
  #logNoMail(durationMs: number): void {
    const { log, origin, session, endReason, mailCommands } = this.#dialogue;
    if (!this.#isGreeted || endReason === 'timeout' || mailCommands > 0 || !log.selected('smtp_no_mail')) return;
    log.main(noMailLine(origin, durationMs, session.state.commandHistory, log));
  }

  /** Of `smtp_connection`; undefined when another line tells of the end. */
  #endLine(durationMs: number): Octets | undefined {
    const { log, origin, session, endReason, isEndTold } = this.#dialogue;
    const { isFromInetd } = this.#parts;
    const closed = (how: Octets) => closedLine(origin, how, durationMs, log, isFromInetd);
    switch (endReason) {
      case 'quit':
        return closed('QUIT');
      case 'drop':
        if (session.state.quitReason === 'acl-drop') return closed('DROP in ACL');
        return session.state.quitReason === 'tls-failed' ? closed('EOF') : undefined;
      case 'eof':
      case 'error':
        return isEndTold ? undefined : lostIdleLine(origin, this.#lostBecause(), durationMs, log, isFromInetd);
      case 'timeout':
      case 'signal':
        return undefined;
      default:
        return assertNever(endReason);
    }
  }
}
