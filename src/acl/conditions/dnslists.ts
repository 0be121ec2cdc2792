/** `dnslists = <zones and other data>`: DNS lists; the evaluation is checks/dnsbl's. */
import { checkDnslists } from '../../checks/dnsbl/dnsbl.ts';
import { chainOk, defineAclCondition, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclCondition({
  name: 'dnslists',
  summary:
    'True when the sending host (or a given key) is in one of the DNS lists; $dnslist_domain, $dnslist_value and $dnslist_text say where.',
  spec: 'ch. 44 "Using DNS lists"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start'),
  isExpanded: true,
  prepare: () => ({
    test: (argument, { frame }) => chainOk(checkDnslists(argument, frame), (result) => ok({ value: result.matched })),
  }),
});
