/** `control = fakedefer`. */
import { defineAclControl, fail, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'fakedefer',
  summary: 'The client is told of a temporary rejection although the message is accepted; /text is the reply.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['prdr', 'mail', 'rcpt', 'predata', 'data', 'mime'],
  takesOptions: true,
  apply: (options, { frame }) => {
    if (options.startsWith('=')) return fail('');
    frame.transaction?.state.controls.set('fakedefer', options);
    frame.transaction?.state.controls.delete('fakereject');
    return ok(undefined);
  },
});
