/** `control = queue`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'queue',
  aliases: ['queue_only'],
  summary: 'Leaves the message on the queue; /first_pass_route routes it once.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['mail', 'rcpt', 'predata', 'data', 'mime', 'not_smtp', 'not_smtp_start', 'not_smtp_mime'],
  takesOptions: true,
  apply: (options, { frame, phase }) => {
    if (phase !== 'not_smtp_start') frame.transaction?.state.controls.set('queue', options); // there is no message yet
    return ok(undefined);
  },
});
