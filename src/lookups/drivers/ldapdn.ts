/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';
import { quoteForLdap } from '../quoting.ts';

export default defineLookup({
  name: 'ldapdn',
  summary: 'Looks up the distinguished name of one entry in an LDAP directory.',
  spec: 'ch. 9 "Query-style lookup types"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: false,
  quote: quoteForLdap,
  quoteOptions: ['dn'],
});
