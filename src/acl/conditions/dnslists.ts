/** `dnslists = <zones and other data>`: DNS lists; the evaluation is checks/dnsbl's. */
import { asksForHost, checkDnslists } from '../../checks/dnsbl/dnsbl.ts';
import { type AclPhase, chainOk, defineAclCondition, fail, ok } from '../../core/index.ts';
import { phaseName } from '../phases.ts';

const WITHOUT_HOST: ReadonlySet<AclPhase> = new Set(['not_smtp', 'not_smtp_start', 'not_smtp_mime']);

export default defineAclCondition({
  name: 'dnslists',
  summary:
    'True when the sending host (or a given key) is in one of the DNS lists; $dnslist_domain, $dnslist_value and $dnslist_text say where.',
  spec: 'ch. 44 "Using DNS lists"',
  permittedIn: 'all',
  isExpanded: true,
  prepare: () => ({
    test: (argument, { frame, phase }) => {
      if (WITHOUT_HOST.has(phase) && asksForHost(argument))
        return fail(`cannot test auto-keyed dnslists condition in ${phaseName(phase)} ACL`);
      return chainOk(checkDnslists(argument, frame), (result) => ok({ value: result.matched }));
    },
  }),
});
