/** What content scanning knows of a message that is being received. Spec ch. 45 "Content scanning at ACL time". */
import type { Octets } from '../base/octets.ts';

/** A part of a message, as its header says. What it does not say is undefined. */
export interface MimePart {
  /** From 0; of an attached message from 0 again. */
  readonly number: number;
  readonly isMultipart: boolean;
  readonly isCoverLetter: boolean;
  /** In lower case and without white space, as all that are not parameters. */
  readonly contentType?: Octets | undefined;
  readonly contentDisposition?: Octets | undefined;
  readonly contentTransferEncoding?: Octets | undefined;
  readonly contentId?: Octets | undefined;
  readonly contentDescription?: Octets | undefined;
  readonly boundary?: Octets | undefined;
  readonly charset?: Octets | undefined;
  readonly fileName?: Octets | undefined;
  /** More names that the header has, with other endings: programs differ in which they take. */
  readonly otherFileNames?: readonly Octets[] | undefined;
  /** What follows the header, as it stands in the message. Only while the part is being judged. */
  readonly body: () => AsyncIterable<Buffer>;
}

/** What is wrong with the encoding of a part: 1 quoted-printable, 2 base64. */
export interface MimeAnomaly {
  readonly level: number;
  readonly text: Octets;
}

export interface DecodedPart {
  readonly fileName: Octets;
  /** Undefined when it could not be written. */
  readonly sizeBytes: number | undefined;
  readonly anomaly: MimeAnomaly | undefined;
}

/** What stays with a message of what a spam scanner says. */
export interface SpamScore {
  readonly score: Octets;
  /** In tenths. */
  readonly scoreInt: Octets;
  readonly bar: Octets;
}

/** What a spam scanner says of a message: `$spam_…`. */
export interface SpamResult extends SpamScore {
  readonly user: Octets;
  readonly isSpam: boolean;
  readonly report: Octets;
  readonly action: Octets;
}

/** The message as scanners see it, a file in a directory of its own, and the part that an ACL for MIME parts is asked about. */
export interface ContentScan {
  /** `<spool_directory>/scan/<message id>`. */
  readonly directory: Octets;
  readonly messageFile: Octets;
  part?: MimePart | undefined;
  decoded?: DecodedPart | undefined;
  /** These stay when the last part has been judged. */
  partCount: number;
  isCoverLetter: boolean;
  isAttachedMessage: boolean;
  /** What the virus scanner said, when it is not to be asked again; no name: nothing. */
  malware?: { readonly name: Octets | undefined } | undefined;
  /** Of what the spam scanner said, by the user it was asked for. */
  spam?: SpamResult | undefined;
  /** In each directory that parts are decoded to: the number of the next file. */
  readonly fileNumbers: Map<Octets, number>;
  /** So much of decoded parts may still be written. */
  octetsLeft: number;
}
