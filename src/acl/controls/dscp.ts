/** `control = dscp`. */
import { defineAclControl, fail, ok } from '../../core/index.ts';
import { isDscpValue } from '../../smtp/dscp.ts';

export default defineAclControl({
  name: 'dscp',
  summary: 'The DSCP value of the connection; Node cannot set it, so that it has no effect beyond the check of the value.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: [
    'prdr',
    'mime',
    'connect',
    'helo',
    'mail',
    'rcpt',
    'predata',
    'data',
    'auth',
    'starttls',
    'vrfy',
    'expn',
    'etrn',
    'mailauth',
    'not_smtp',
    'not_smtp_start',
  ],
  takesOptions: true,
  apply: (options) => {
    if (!options.startsWith('/') || options.length === 1) return fail('');
    return isDscpValue(options.slice(1)) ? ok(undefined) : fail(`unrecognised DSCP value in "control=dscp${options}"`);
  },
});
