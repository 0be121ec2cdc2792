/** `control = utf8_downconvert`: addresses in UTF-8 leave as a-labels. Spec ch. 60 "Internationalisation". */
import { defineAclControl, fail, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'utf8_downconvert',
  summary: 'Envelope addresses in UTF-8 are sent as a-labels: always (1, the default), never (0), or to servers without SMTPUTF8 (-1).',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['rcpt', 'vrfy'],
  takesOptions: true,
  apply: (options, { frame }) => {
    const value = options === '' ? '1' : options.slice(1);
    if (value !== '1' && value !== '0' && value !== '-1') return fail('bad option value for control=utf8_downconvert');
    frame.transaction?.state.controls.set('utf8_downconvert', value);
    return ok(undefined);
  },
});
