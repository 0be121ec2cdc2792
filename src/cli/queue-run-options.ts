/** What the letters of `-q` mean for a queue run. Spec ch. 5 "-q". */
import type { QueueRunOptions } from '../deliver/queue-run.ts';
import type { QueueSelection } from './invocation.ts';

const FORCES = { no: 'none', retry: 'f', frozen: 'ff' } as const;

export function queueRunOptions({ isTwoStage, isFirstOnly, isLocalOnly, force }: QueueSelection): QueueRunOptions {
  return { isTwoStage, isFirstOnly, isLocalOnly, force: FORCES[force] };
}
