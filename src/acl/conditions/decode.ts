/** `decode = <location>`: writes the MIME part that is being judged into a file, without its transfer encoding. */
import { decodePart, firstItem } from '../../checks/scan/decoded-part.ts';
import { ScanReadError } from '../../checks/scan/file-source.ts';
import type { AclContext, Judged, Outcome, Text } from '../../core/index.ts';
import { defer, defineAclCondition, mapOutcome, ok } from '../../core/index.ts';

export default defineAclCondition({
  name: 'decode',
  summary:
    'Decodes a MIME part to a file: `default` in the scan directory, a name there, a directory or a whole path. False for `0` and `false`.',
  spec: 'ch. 45 "Scanning MIME parts"',
  permittedIn: ['mime', 'not_smtp_mime'],
  isExpanded: true,
  prepare: () => ({ test: decode }),
});

async function decode(location: Text, { frame }: AclContext): Promise<Outcome<Judged>> {
  const state = frame.transaction?.state;
  const scan = state?.scan;
  if (scan?.part === undefined) return defer('there is no MIME part');
  const { octets } = firstItem(location);
  if (octets === '0' || octets === 'false') return ok({ value: false });
  try {
    return mapOutcome(await decodePart(location, scan.part, scan, frame), () => ({ value: true }));
  } catch (error) {
    if (!(error instanceof ScanReadError)) throw error;
    frame.services.log.panic(`decode: ${error.message}`, state?.id);
    return defer('');
  }
}
