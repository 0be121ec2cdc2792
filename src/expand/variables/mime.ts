/** Variables of the MIME part that an ACL is asked about. Spec ch. 45 "Scanning MIME parts". */
import type { Octets } from '../../base/octets.ts';
import type { ContentScan, MimePart } from '../../core/content-scan.ts';
import type { VariableDefinition } from '../../core/define/variable.ts';
import type { Frame } from '../../core/frame.ts';
import { flagVariable, numberVariable, octetsVariable, remoteVariable } from '../reading.ts';

export default [
  ofPart('mime_boundary', 'What separates the parts of the MIME part.', (part) => part.boundary),
  ofPart('mime_charset', 'The charset of the MIME part.', (part) => part.charset),
  ofPart(
    'mime_content_description',
    'The description of the MIME part, in lower case and without spaces.',
    (part) => part.contentDescription,
  ),
  ofPart('mime_content_disposition', 'How the MIME part is to be shown: `inline` or `attachment`.', (part) => part.contentDisposition),
  ofPart('mime_content_id', 'The identifier of the MIME part.', (part) => part.contentId),
  ofPart('mime_content_transfer_encoding', 'The transfer encoding of the MIME part.', (part) => part.contentTransferEncoding),
  ofPart('mime_content_type', 'The type of the MIME part, without parameters.', (part) => part.contentType),
  ofPart('mime_filename', 'The name that the MIME part has as a file; whatever the sender wanted.', (part) => part.fileName),
  octetsVariable('mime_decoded_filename', 'The file that the MIME part was decoded to.', (frame) => scanOf(frame)?.decoded?.fileName),
  numberVariable('mime_content_size', 'The size of the decoded MIME part in KiB, rounded up.', decodedKib),
  numberVariable(
    'mime_anomaly_level',
    'What is wrong with the encoding of the decoded MIME part: 1 quoted-printable, 2 base64.',
    (frame) => {
      return scanOf(frame)?.decoded?.anomaly?.level;
    },
  ),
  octetsVariable('mime_anomaly_text', 'What is wrong with the encoding of the decoded MIME part, in words.', (frame) => {
    return scanOf(frame)?.decoded?.anomaly?.text;
  }),
  numberVariable(
    'mime_part_count',
    'The number of the MIME part, from 0, or the last one of the message.',
    (frame) => scanOf(frame)?.partCount,
    -1,
  ),
  flagVariable('mime_is_coverletter', 'The MIME part belongs to the cover letter.', (frame) => scanOf(frame)?.isCoverLetter),
  flagVariable('mime_is_multipart', 'The MIME part has parts.', (frame) => scanOf(frame)?.part?.isMultipart),
  flagVariable('mime_is_rfc822', 'The MIME part belongs to an attached message.', (frame) => scanOf(frame)?.isAttachedMessage),
];

function scanOf(frame: Frame): ContentScan | undefined {
  return frame.message === undefined ? frame.transaction?.state.scan : undefined;
}

function ofPart(name: string, summary: string, read: (part: MimePart) => Octets | undefined): VariableDefinition {
  return remoteVariable(name, summary, (frame) => {
    const part = scanOf(frame)?.part;
    return part && read(part);
  });
}

function decodedKib(frame: Frame): number | undefined {
  const sizeBytes = scanOf(frame)?.decoded?.sizeBytes;
  return sizeBytes === undefined ? undefined : Math.ceil(sizeBytes / 1024);
}
