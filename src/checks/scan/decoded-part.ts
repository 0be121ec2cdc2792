/** A MIME part without its transfer encoding, in a file: where that is, and how it is written. Spec ch. 45 "Scanning MIME parts". */
import { parseList } from '../../base/list-text.ts';
import { type Octets, trimSpace } from '../../base/octets.ts';
import type { ContentScan, DecodedPart, Frame, MimeAnomaly, MimePart, SystemFailure, SystemResult, Text } from '../../core/index.ts';
import { concatText, defer, isTainted, isUsablePath, type Outcome, ok, sliceText, tainted, untainted } from '../../core/index.ts';
import { makePartDecoder } from '../../message/mime/decoders.ts';
import { writeScanFile } from './scan-copy.ts';

/** What the queue of attached messages is made of; no attachment may take such a name. */
export const ATTACHED_MESSAGE_PREFIX = '__rfc822_';

/**
 * Decodes the part that is being judged to where `location` says; `$mime_decoded_filename` tells where that was, also when it cannot be written.
 * A defer has told the panic log why.
 */
export async function decodePart(location: Text, part: MimePart, scan: ContentScan, frame: Frame): Promise<Outcome<DecodedPart>> {
  const { log } = frame.services;
  const id = frame.transaction?.state.id;
  const path = placeOf(location, scan, frame);
  scan.decoded = { fileName: path.octets, sizeBytes: undefined, anomaly: undefined };
  if (!isUsablePath(path, frame.config) || (isTainted(path) && isOwnFile(path.octets, scan))) {
    log.panic(`Tainted filename '${path.octets}'`, id);
    return defer('');
  }
  const written = await writePart(path.octets, part, scan, frame);
  if (written.kind === 'error') {
    log.panic(`decode: ${path.octets}: ${written.reason}`, id);
    return defer('');
  }
  scan.decoded = { fileName: path.octets, ...written.value };
  return ok(scan.decoded);
}

/** A message whose parts grow without measure when they are decoded is not written any further. */
export async function writePart(
  path: Octets,
  part: MimePart,
  scan: ContentScan,
  frame: Frame,
): Promise<SystemResult<{ readonly sizeBytes: number; readonly anomaly: MimeAnomaly | undefined }>> {
  const decoder = makePartDecoder(part.contentTransferEncoding);
  async function* decoded(): AsyncGenerator<Buffer> {
    for await (const piece of part.body()) {
      const octets = decoder.write(piece);
      scan.octetsLeft -= octets.length;
      if (scan.octetsLeft < 0) return;
      yield octets;
    }
    yield decoder.end();
  }
  const written = await writeScanFile(path, decoded(), frame);
  if (scan.octetsLeft < 0) {
    frame.services.files.unlink(path);
    return TOO_BIG;
  }
  return written.kind === 'ok' ? { kind: 'ok', value: { sizeBytes: written.value, anomaly: decoder.anomaly } } : written;
}

const TOO_BIG: SystemFailure = { kind: 'error', errno: 'EFBIG', reason: 'the parts of the message are too big when they are decoded' };

/** `default` or nothing: a numbered file in the message's own directory, or in the one that is given; else the file that is given. */
function placeOf(location: Text, scan: ContentScan, frame: Frame): Text {
  const name = firstItem(location);
  const { octets } = name;
  if (octets === '' || octets === 'default') return untainted(numberedFile(scan.directory, scan, frame));
  if (!octets.startsWith('/')) return concatText([untainted(`${scan.directory}/`), name]);
  const facts = isUsablePath(name, frame.config) ? frame.services.files.stat(octets) : undefined;
  if (facts?.kind !== 'ok' || facts.value.type !== 'directory') return name;
  return concatText([name, untainted(numberedFile(octets, scan, frame).slice(octets.length))]);
}

/** The argument is a list, of which the first item counts. */
export function firstItem(list: Text): Text {
  const item = parseList(list.octets).items[0] ?? '';
  if (!isTainted(list)) return untainted(item);
  const at = list.octets.indexOf(item);
  return at < 0 || trimSpace(list.octets) !== item ? tainted(item) : sliceText(list, at, at + item.length);
}

/** `<id>-00000` and so on: the first that does not exist. */
function numberedFile(directory: Octets, scan: ContentScan, { services, transaction }: Frame): Octets {
  const id = transaction?.state.id ?? '';
  for (let number = scan.fileNumbers.get(directory) ?? 0; ; number++) {
    const path = `${directory}/${id}-${String(number).padStart(5, '0')}`;
    if (services.files.lstat(path).kind === 'ok') continue;
    scan.fileNumbers.set(directory, number + 1);
    return path;
  }
}

/** The message itself, or one that waits to be looked into. */
function isOwnFile(path: Octets, { directory, messageFile }: ContentScan): boolean {
  return path === messageFile || path.startsWith(`${directory}/${ATTACHED_MESSAGE_PREFIX}`);
}
