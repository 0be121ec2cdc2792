/** `control = wellknown/path`: what a WELLKNOWN command is answered with. */
import { defineAclControl, fail, isUsablePath, ok, sliceText } from '../../core/index.ts';

export default defineAclControl({
  name: 'wellknown',
  summary: 'Answers a WELLKNOWN command from a file: control = wellknown/<path>.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['wellknown'],
  takesOptions: true,
  apply: (options, { frame }, text) => {
    if (!options.startsWith('/')) return fail('');
    if (!isUsablePath(sliceText(text, 1), frame.config)) return fail(`Tainted filename '${options.slice(1)}'`);
    frame.session?.state.controls.set('wellknown', options.slice(1));
    return ok(undefined);
  },
});
