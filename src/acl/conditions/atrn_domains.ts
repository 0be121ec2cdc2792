/** `atrn_domains`: the domains whose mail a client may fetch by ATRN. RFC 2645 s5.2.1. */

import { parseList } from '../../base/list-text.ts';
import { lowerCase } from '../../base/octets.ts';
import { defineAclCondition, ok } from '../../core/index.ts';

export default defineAclCondition({
  name: 'atrn_domains',
  summary:
    'True when every domain of the ATRN command is in the list; a command without domains asks for all of the list, which may not be empty.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: ['atrn'],
  isExpanded: true,
  prepare: () => ({
    test: (argument, { frame }) => {
      const allowed = parseList(argument?.octets ?? '').items.map((item) => lowerCase(item));
      const asked = (frame.session?.state.commandArgument ?? '')
        .split(/[ \t,]+/)
        .filter((domain) => domain !== '')
        .map((domain) => lowerCase(domain));
      const granted = asked.length === 0 ? allowed : asked.every((domain) => allowed.includes(domain)) ? asked : [];
      if (granted.length > 0) frame.session?.state.controls.set('atrn_domains', granted.join(','));
      return ok({ value: granted.length > 0 });
    },
  }),
});
