/** `-odb`, `-odi`, `-odq`, `-odqs` against queue_only. Spec ch. 14 "queue_only", "queue_only_override". */
import type { Config } from '../core/index.ts';
import type { DeliveryWish } from '../receive/dialogue.ts';
import type { Invocation } from './invocation.ts';

export function wishOf(invocation: Invocation, config: Config): DeliveryWish {
  const { main } = config;
  switch (invocation.delivery) {
    case 'queue':
      return 'queue';
    case 'queue-smtp':
      return main.queue_only && !main.queue_only_override ? 'queue' : 'queue-smtp';
    case 'foreground':
      return main.queue_only && !main.queue_only_override ? 'queue' : 'foreground';
    case 'background':
      return main.queue_only && !main.queue_only_override ? 'queue' : 'background';
    case 'default':
      return main.queue_only ? 'queue' : 'background';
  }
}
