/** `control = <name>[/options]`: the single controls are in acl/controls. */
import { chain, defer, defineAclModifier, fail, sliceText } from '../../core/index.ts';
import { phaseName } from '../phases.ts';

export default defineAclModifier({
  name: 'control',
  summary: 'Changes how the connection or the message is treated; see the controls.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: 'all',
  isExpanded: true,
  problemOf: (argument, { controls }) => {
    const name = /^[^/=]*/.exec(argument)?.[0] ?? '';
    const control = controls.find((known) => known.name === name || known.aliases?.includes(name));
    if (control?.isNotYet)
      return { severity: 'not-yet', message: `ACL control "${name}" is not built yet: a statement that reaches it defers` };
    if (control && (control.takesOptions || name === argument)) return undefined;
    const message = `syntax error in "control=${argument}"`;
    return control ? { message } : { message, word: name, known: controls.flatMap((known) => [known.name, ...(known.aliases ?? [])]) };
  },
  apply: (argument, context) => {
    const text = argument.octets;
    const end = text.search(/[/=]/);
    const name = end < 0 ? text : text.slice(0, end);
    const control = context.acl.findControl(name);
    const options = end < 0 ? '' : text.slice(end);
    if (!control || (options !== '' && !control.takesOptions)) return fail(`syntax error in "control=${text}"`);
    if (control.permittedIn !== 'all' && !control.permittedIn.includes(context.phase)) {
      return fail(`cannot use "control=${control.name}" in ${phaseName(context.phase)} ACL`);
    }
    if (control.isNotYet) {
      context.frame.services.log.panic(`ACL control "${control.name}" is not built yet`);
      return defer(`ACL control "${control.name}" is not built yet`);
    }
    return chain(control.apply(options, context, sliceText(argument, end < 0 ? text.length : end)), (outcome) =>
      outcome.kind === 'fail' && outcome.message === '' ? fail(`syntax error in "control=${text}"`) : outcome,
    );
  },
});
