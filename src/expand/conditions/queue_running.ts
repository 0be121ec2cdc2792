/** `queue_running`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { judged } from '../judged.ts';

export default defineCondition({
  name: 'queue_running',
  summary: 'The delivery was started by a queue run.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if queue_running{y}{n}}', 'n']],
  arguments: [],
  compile: () => (frame) => judged(frame.delivery?.isQueueRun === true),
});
