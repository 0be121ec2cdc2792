/**
 * Expansions that could not be done may show the passwords of database queries: what is told of them to whoever asks is a general sentence, in Exim's
 * words. The steps of `-d` have the cause.
 */
import type { Octets } from '../base/octets.ts';

const EXPANSION = /failed to expand|expansion of /;
const DATABASE = /ldap:|ldapdn:|ldapi:|ldapm:|mysql|pgsql|redis|sqlite/;

export function withoutQueries(message: Octets): Octets {
  return EXPANSION.test(message) && DATABASE.test(message) ? 'Temporary internal error' : message;
}
