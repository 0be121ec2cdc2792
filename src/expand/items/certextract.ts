/** `${certextract…}`. Spec ch. 11 "Expansion items". */
import { defineNotYetItem } from '../../core/define/expansion.ts';

export default defineNotYetItem({
  name: 'certextract',
  summary: 'A field of a certificate.',
  spec: 'ch. 11 "Expansion items"',
  examples: [['${certextract}', { kind: 'fail', message: "missing '{' for field arg of certextract" }]],
  arguments: [{ kind: 'string', label: 'field arg' }, { kind: 'string', label: 'cert variable arg' }, { kind: 'branches' }],
});
