/** `${stat:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { statText } from '../stat-text.ts';

export default defineOperator({
  name: 'stat',
  summary: 'Facts of a file as `name=value` pairs: mode smode inode device links uid gid size atime mtime ctime.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${stat:/no/such/file}', { kind: 'fail', message: 'stat(/no/such/file) failed: No such file or directory' }]],
  apply: (text, frame) => statText(text.octets, frame),
});
