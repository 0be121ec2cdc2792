/** `first_delivery`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { judged } from '../judged.ts';

export default defineCondition({
  name: 'first_delivery',
  summary: 'This is the first attempt to deliver the message.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if first_delivery{y}{n}}', 'n']],
  arguments: [],
  compile: () => (frame) => judged(frame.message?.isFirstDelivery === true),
});
