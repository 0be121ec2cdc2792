/** `${srs_encode{secret}{return path}{original domain}}`. Spec ch. 58 "SRS (Sender Rewriting Scheme)". */
import { defineItem } from '../../core/define/expansion.ts';
import { fail } from '../../core/outcome.ts';
import { derived, emptyText } from '../../core/text.ts';
import { parseAddress } from '../../message/address.ts';
import { eager } from '../branches.ts';
import { encodeSrs } from '../srs.ts';

export default defineItem({
  name: 'srs_encode',
  summary: 'A sender address that leads bounces of a forwarded message back to us.',
  spec: 'ch. 58 "SRS (Sender Rewriting Scheme)"',
  examples: [
    ['${srs_encode{secret}{}{here.example}}', ''],
    ['${sg{${srs_encode{secret}{user@example.com}{our.domain}}}{=..=}{=TT=}}', 'SRS0=b3d4=TT=example.com=user@our.domain'],
  ],
  arguments: [{ kind: 'strings', min: 3, max: 3 }],
  compile: eager(([secret = emptyText, sender = emptyText, domain = emptyText], frame) => {
    if (sender.octets === '') return emptyText;
    const parsed = parseAddress(sender.octets);
    if (parsed.kind === 'error') return fail(parsed.message);
    return derived(encodeSrs(secret.octets, sender.octets, parsed.address, domain.octets, frame.services.clock.now()), sender, domain);
  }),
});
