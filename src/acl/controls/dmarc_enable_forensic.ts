/** `control = dmarc_enable_forensic`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'dmarc_enable_forensic',
  summary: 'Forensic DMARC reports are allowed.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['connect', 'helo', 'mail', 'rcpt', 'predata', 'data', 'mime', 'not_smtp', 'not_smtp_start'],
  takesOptions: false,
  apply: (options, { frame }) => {
    frame.transaction?.state.controls.set('dmarc_enable_forensic', options);
    return ok(undefined);
  },
});
