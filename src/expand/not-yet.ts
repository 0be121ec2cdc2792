/** What is declared but not built: it loads, `check` names it, and using it defers with a panic-log line. DESIGN.md 3.4. */
import type { Frame } from '../core/frame.ts';
import { defer, type NotOk } from '../core/outcome.ts';

export function notYetMessage(what: 'item' | 'operator' | 'condition', name: string): string {
  return `expansion ${what} "${name}" is not built yet`;
}

export function notYet(what: 'item' | 'operator' | 'condition', name: string): (frame: Frame) => NotOk {
  const message = notYetMessage(what, name);
  const outcome = defer(message);
  return (frame) => {
    frame.services.log.panic(message);
    return outcome;
  };
}
