/** `ldapauth`. Spec ch. 11 "Expansion conditions". */
import { defineNotYetCondition } from '../../core/define/expansion.ts';

export default defineNotYetCondition({
  name: 'ldapauth',
  summary: 'The LDAP server accepts the user and password of the query.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if ldapauth}', { kind: 'fail', message: 'missing { after "ldapauth"' }]],
  arguments: [{ kind: 'string' }],
});
