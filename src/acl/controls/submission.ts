/** `control = submission`. */
import { defineAclControl, fail, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'submission',
  summary: 'Submission mode: Sender is checked and added, Date and Message-ID are added.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['mail', 'rcpt', 'predata'],
  takesOptions: true,
  apply: (options, { frame }) => {
    // /sender_retain, /domain=<domain>, /name=<name> (the last takes the rest)
    let rest = options;
    while (rest !== '') {
      const option = /^\/(?:sender_retain(?=\/|$)|domain=[^/]*|name=.*)/s.exec(rest)?.[0];
      if (option === undefined) return fail('');
      rest = rest.slice(option.length);
    }
    frame.transaction?.state.controls.set('submission', options);
    return ok(undefined);
  },
});
