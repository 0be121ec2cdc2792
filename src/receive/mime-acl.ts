/**
 * The ACLs for MIME parts, `acl_smtp_mime` and `acl_not_smtp_mime`: asked about each part of a message that has a Content-Type:, then about each
 * part of the messages that are attached to it, until one is not accepted. Spec ch. 45 "Scanning MIME parts".
 */
import { expandAclOption } from '../acl/option-text.ts';
import type { Octets } from '../base/octets.ts';
import { ATTACHED_MESSAGE_PREFIX, writePart } from '../checks/scan/decoded-part.ts';
import { ScanReadError, withFile } from '../checks/scan/file-source.ts';
import { openScanCopy } from '../checks/scan/scan-copy.ts';
import type { AclVerdict, ContentScan, Frame, MimePart, Template, TransactionState } from '../core/index.ts';
import { findHeader } from '../message/header.ts';
import { walkParts } from '../message/mime/walk.ts';

/** `unscanned`: the parts could not be looked at, here and now. */
export type PartsVerdict = AclVerdict | { readonly kind: 'unscanned'; readonly reason: Octets };

/** Of one message with all that are attached to it. */
const MAX_PARTS = 10_000;
/** Messages in messages: each has a copy on the disk. */
const MAX_ATTACHED_DEPTH = 50;

const NOT_MADE = 'error while creating mbox spool file, message temporarily rejected.';

export async function judgeMimeParts(state: TransactionState, frame: Frame): Promise<PartsVerdict> {
  const { main } = frame.config;
  const mode = frame.session?.mode;
  const isSmtp = mode === 'smtp-tcp' || mode === 'smtp-local';
  const acl = isSmtp ? main.acl_smtp_mime : main.acl_not_smtp_mime;
  if (acl === undefined || findHeader(state.headers, 'Content-Type') === undefined) return { kind: 'accept' };
  const option = isSmtp ? 'acl_smtp_mime' : 'acl_not_smtp_mime';
  const copy = await openScanCopy(frame);
  if (copy.kind !== 'ok') return { kind: 'unscanned', reason: `${option}: ${NOT_MADE}` };
  const scan = copy.value;
  try {
    return await new PartsJudge(acl, scan, frame).judge();
  } catch (error) {
    if (!(error instanceof ScanReadError)) throw error;
    return { kind: 'unscanned', reason: `${option}: ${error.message}` };
  } finally {
    scan.part = undefined;
    scan.decoded = undefined;
  }
}

/** A message that is attached to one that is `depth` deep, and waits. */
interface Attached {
  readonly file: Octets;
  readonly depth: number;
}

class PartsJudge {
  readonly #acl: Template;
  readonly #scan: ContentScan;
  readonly #frame: Frame;
  readonly #waiting: Attached[] = [];
  #partsLeft = MAX_PARTS;
  #attachedCount = 0;
  #verdict: PartsVerdict = { kind: 'accept' };

  constructor(acl: Template, scan: ContentScan, frame: Frame) {
    this.#acl = acl;
    this.#scan = scan;
    this.#frame = frame;
  }

  async judge(): Promise<PartsVerdict> {
    const { files } = this.#frame.services;
    const scan = this.#scan;
    await this.#judgeMessage(scan.messageFile, 0);
    const { partCount } = scan;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      scan.isAttachedMessage = true;
      if (this.#verdict.kind === 'accept') await this.#judgeMessage(next.file, next.depth);
      files.unlink(next.file);
    }
    scan.partCount = partCount;
    return this.#verdict;
  }

  async #judgeMessage(file: Octets, depth: number): Promise<void> {
    const { services, config } = this.#frame;
    const limits = { checksLength: config.main.check_rfc2047_length, maxParts: this.#partsLeft };
    const end = await withFile(services.files, file, (source) => walkParts(source, limits, (part) => this.#judgePart(part, depth)));
    if (end === 'too-many' && this.#verdict.kind === 'accept') this.#verdict = TOO_MANY;
  }

  /** Under each of its names, the one of `$mime_filename` first. Whether to go on. */
  async #judgePart(part: MimePart, depth: number): Promise<boolean> {
    const scan = this.#scan;
    this.#partsLeft--;
    scan.partCount = part.number;
    scan.isCoverLetter = part.isCoverLetter;
    for (const fileName of [part.fileName, ...(part.otherFileNames ?? [])]) {
      scan.part = { ...part, fileName };
      scan.decoded = undefined;
      this.#verdict = await this.#ask();
      if (this.#verdict.kind !== 'accept') return false;
    }
    if (this.#verdict.kind === 'accept' && part.contentType === 'message/rfc822') this.#verdict = await this.#keepAttached(part, depth + 1);
    return this.#verdict.kind === 'accept';
  }

  /** What may be used is the same for messages from the command line, as in Exim. */
  async #ask(): Promise<AclVerdict> {
    const text = await expandAclOption(this.#acl, this.#frame);
    if (text.kind === 'forced-fail') return { kind: 'accept' };
    if (text.kind !== 'ok') return { kind: 'error', logMessage: text.message };
    return this.#frame.services.acls.run('mime', text.value, [], this.#frame);
  }

  /** Its parts come when those of the message that it is in are through. */
  async #keepAttached(part: MimePart, depth: number): Promise<PartsVerdict> {
    if (depth > MAX_ATTACHED_DEPTH) return TOO_MANY;
    const name = `${ATTACHED_MESSAGE_PREFIX}${String(this.#attachedCount++).padStart(5, '0')}`;
    const file = `${this.#scan.directory}/${name}`;
    const written = await writePart(file, part, this.#scan, this.#frame);
    if (written.kind === 'error') return { kind: 'unscanned', reason: `${file}: ${written.reason}` };
    this.#waiting.push({ file, depth });
    return { kind: 'accept' };
  }
}

const TOO_MANY: AclVerdict = { kind: 'fail', message: 'message has too many MIME parts', logMessage: 'too many MIME parts', isDrop: false };
