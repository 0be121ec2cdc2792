/** `mime_regex = <list>`: searches the decoded part, its first 32 KiB at once. A part that is not decoded yet is. */
import { decodePart } from '../../checks/scan/decoded-part.ts';
import { compileExpressions, findExpression, forgetExpression } from '../../checks/scan/expressions.ts';
import { piecesOf, ScanReadError, withFile } from '../../checks/scan/file-source.ts';
import type { AclContext, Judged, Outcome, Text } from '../../core/index.ts';
import { defer, defineAclCondition, emptyText, ok } from '../../core/index.ts';

const SEARCHED_BYTES = 32 * 1024;

export default defineAclCondition({
  name: 'mime_regex',
  summary: 'True when one of the regular expressions matches the decoded MIME part.',
  spec: 'ch. 45 "Scanning with regular expressions"',
  permittedIn: ['mime', 'not_smtp_mime'],
  isExpanded: true,
  prepare: () => ({ test: search }),
});

async function search(list: Text, { frame }: AclContext): Promise<Outcome<Judged>> {
  const { log, files } = frame.services;
  const scan = frame.transaction?.state.scan;
  const part = scan?.part;
  if (scan === undefined || part === undefined) return defer('there is no MIME part');
  forgetExpression(frame);
  const expressions = compileExpressions(list, frame);
  if (expressions.length === 0) return ok({ value: false });
  const decoded = scan.decoded?.sizeBytes === undefined ? await decodePart(emptyText, part, scan, frame) : ok(scan.decoded);
  if (decoded.kind !== 'ok') return decoded;
  const { fileName } = decoded.value;
  try {
    const value = await withFile(files, fileName, (source) => findExpression(expressions, piecesOf(source, SEARCHED_BYTES), list, frame));
    return ok({ value });
  } catch (error) {
    if (!(error instanceof ScanReadError)) throw error;
    log.panic(`mime_regex acl condition: ${error.message}`, frame.transaction?.state.id);
    return defer('');
  }
}
