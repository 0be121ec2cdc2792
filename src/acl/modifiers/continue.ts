/** `continue = <text>`: only its expansion’s side effects count. */
import { defineAclModifier, ok } from '../../core/index.ts';

export default defineAclModifier({
  name: 'continue',
  summary: 'Expands its argument for the side effects and goes on.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: true,
  apply: () => ok(undefined),
});
