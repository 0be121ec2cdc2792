/** `inbound_srs{local part}{secret}`. Spec ch. 58 "SRS (Sender Rewriting Scheme)". */
import { defineCondition } from '../../core/define/expansion.ts';
import { derived } from '../../core/text.ts';
import { withTwo } from '../branches.ts';
import { judged } from '../judged.ts';
import { decodeSrs } from '../srs.ts';

export default defineCondition({
  name: 'inbound_srs',
  summary:
    'The local part is one that `srs_encode` made with the secret (with any, when it is empty): $srs_recipient is then the sender in it.',
  spec: 'ch. 58 "SRS (Sender Rewriting Scheme)"',
  examples: [
    ['${if inbound_srs{SRS0=b3d4=aa=example.com=user}{}{$srs_recipient}{no}}', 'user@example.com'],
    ['${if inbound_srs{user}{secret}{yes}{no}}', 'no'],
    ['${if inbound_srs{user}}', { kind: 'fail', message: 'too few arguments or bracketing error for inbound_srs' }],
  ],
  missing: 'too few arguments or bracketing error for inbound_srs',
  arguments: [{ kind: 'string' }, { kind: 'string' }],
  compile:
    ([localPart, secret]) =>
    (frame) =>
      withTwo(localPart, secret, frame, (text, key) => {
        const sender = decodeSrs(text.octets, key.octets, frame.services.clock.now());
        if (sender === undefined) return judged(false);
        frame.results.srsRecipient = derived(sender, text);
        return judged(true);
      }),
});
