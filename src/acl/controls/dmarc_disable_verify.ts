/** `control = dmarc_disable_verify`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'dmarc_disable_verify',
  summary: 'DMARC is not evaluated for this message.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['connect', 'helo', 'mail', 'rcpt', 'predata', 'data', 'mime', 'not_smtp', 'not_smtp_start'],
  takesOptions: false,
  apply: (options, { frame }) => {
    frame.transaction?.state.controls.set('dmarc_disable_verify', options);
    return ok(undefined);
  },
});
