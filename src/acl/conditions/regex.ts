/** `regex = <list>`: searches the message, or the part that is being judged, as it stands, line by line. */
import { compileExpressions, findExpression, forgetExpression, linesOf } from '../../checks/scan/expressions.ts';
import { piecesOf, ScanReadError, withFile } from '../../checks/scan/file-source.ts';
import { openScanCopy } from '../../checks/scan/scan-copy.ts';
import type { AclContext, Judged, Outcome, Text } from '../../core/index.ts';
import { defer, defineAclCondition, ok } from '../../core/index.ts';

export default defineAclCondition({
  name: 'regex',
  summary: 'True when one of the regular expressions matches a line of the message; in ACLs for MIME parts, of the part.',
  spec: 'ch. 45 "Scanning with regular expressions"',
  permittedIn: ['data', 'mime', 'not_smtp', 'not_smtp_mime', 'dkim', 'prdr'],
  isExpanded: true,
  prepare: () => ({ test: search }),
});

async function search(list: Text, { frame }: AclContext): Promise<Outcome<Judged>> {
  const { log, files } = frame.services;
  const id = frame.transaction?.state.id;
  const copy = await openScanCopy(frame);
  if (copy.kind !== 'ok') {
    log.panic('regex acl condition: error while creating mbox spool file', id);
    return defer('');
  }
  forgetExpression(frame);
  const expressions = compileExpressions(list, frame);
  if (expressions.length === 0) return ok({ value: false });
  const { part, messageFile } = copy.value;
  const find = (octets: AsyncIterable<Buffer>) => findExpression(expressions, linesOf(octets), list, frame);
  try {
    const value = part ? await find(part.body()) : await withFile(files, messageFile, (source) => find(piecesOf(source)));
    return ok({ value });
  } catch (error) {
    if (!(error instanceof ScanReadError)) throw error;
    log.panic(`regex acl condition: ${error.message}`, id);
    return defer('');
  }
}
