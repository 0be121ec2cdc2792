/** What became of the messages: each token that was accepted against the copies in the Maildir, and what the spool still holds. */
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../e2e/support/place.ts';
import type { Sent } from './senders.ts';

export interface Audit {
  readonly delivered: number;
  /** Tokens with a 250 and no copy. */
  readonly lost: readonly string[];
  /** Copies under another message id: the client had no answer and sent the message again. SMTP cannot avoid these. */
  readonly sentAgain: number;
  /**
   * Copies under the same message id. The rename into new/ and the removal of -H (or the line in -J) are two steps in two files,
   * and no order of them is safe against a crash in between: delivered but not noted is a second copy, noted but not delivered a
   * lost message. The mailbox cannot be asked either, because its reader may have moved the file away already. So what was between
   * these two steps at a kill comes twice: with deliveries side by side that wait for one fsync of the directory, several messages.
   */
  readonly deliveredAgain: number;
  /** Tokens with more copies under different ids than the client sent them: a fault. */
  readonly unexplained: readonly string[];
}

export function auditMail(sent: readonly Sent[], mails: readonly string[]): Audit {
  const copies = new Map<string, string[]>();
  for (const mail of mails) {
    const token = /^(token-[0-9]+-end)$/m.exec(mail)?.[1] ?? 'a message without a token';
    const id = /\bid ([0-9A-Za-z-]{16,23})\b/.exec(mail)?.[1] ?? 'a message without an id';
    copies.set(token, [...(copies.get(token) ?? []), id]);
  }
  const rows = sent.map((message) => {
    const ids = copies.get(message.token) ?? [];
    return { message, copies: ids.length, ids: new Set(ids).size };
  });
  const known = new Set(sent.map(({ token }) => token));
  const sum = (count: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + count(row), 0);
  return {
    delivered: rows.filter((row) => row.copies > 0).length,
    lost: rows.filter((row) => row.message.accepted > 0 && row.ids < row.message.accepted).map((row) => row.message.token),
    sentAgain: sum((row) => Math.max(0, row.ids - 1)),
    deliveredAgain: sum((row) => row.copies - row.ids),
    unexplained: [
      ...rows.filter((row) => row.ids > row.message.accepted + row.message.unanswered).map((row) => row.message.token),
      ...[...copies.keys()].filter((token) => !known.has(token)),
    ],
  };
}

/** Files below `input` and `msglog`. */
export function spoolFiles(place: Place): string[] {
  return ['spool/input', 'spool/msglog'].flatMap((folder) => {
    const path = place.path(folder);
    return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [];
  });
}

/** Messages that were cut off while they arrived leave -D behind, which is removed only after an hour: it passes here. */
export function letTimePass(paths: readonly string[]): void {
  const before = Date.now() / 1000 - 2 * 3600;
  for (const path of paths) utimesSync(path, before, before);
}
