/**
 * `spam`: asks a server whether the message is spam. Built so far: who is asked. When no server can be reached that is all there is to say; what
 * a server answers is not read yet, and ends the ACL.
 */
import type { Octets } from '../../base/octets.ts';
import { lowerCase } from '../../base/octets.ts';
import { reachSpamServer } from '../../checks/scan/spamd.ts';
import type { AclContext, Judged, Outcome } from '../../core/index.ts';
import { defer, defineAclCondition, fail, ok } from '../../core/index.ts';

export default defineAclCondition({
  name: 'spam',
  summary: 'True when SpamAssassin or Rspamd calls the message spam.',
  spec: 'ch. 45 "Scanning with SpamAssassin and Rspamd"',
  permittedIn: ['data', 'prdr', 'not_smtp'],
  isNotYet: true,
  isPartlyBuilt: true,
  isExpanded: true,
  prepare: () => ({ test: ({ octets }, context) => testSpam(octets, context) }),
});

const NOT_BUILT = 'ACL condition "spam" is not built yet';

/** `name`, `name:true`, with `/defer_ok`: not reached is then not spam. */
async function testSpam(argument: Octets, { frame }: AclContext): Promise<Outcome<Judged>> {
  const [user = '', ...options] = argument.split('/');
  if (user === '' || user === '0' || lowerCase(user) === 'false') return ok({ value: false });
  const { config, services, transaction } = frame;
  const { log } = services;
  const id = transaction?.state.id;
  const list = config.main.spamd_address ?? '';
  const isExpanded = list.startsWith('$');
  const reached = isExpanded ? undefined : await reachSpamServer(list, frame, (text) => log.main(`spam acl condition: ${text}`, id));
  if (reached?.kind === 'defer') {
    const message = `spam acl condition: ${reached.message}`;
    log.panic(message, id);
    return options.includes('defer_ok') ? ok({ value: false }) : defer('');
  }
  if (reached?.kind === 'ok') reached.value.connection.close();
  log.panic(NOT_BUILT, id);
  return fail(NOT_BUILT);
}
