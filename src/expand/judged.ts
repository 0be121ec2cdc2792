/** Results of conditions. Most are one of two shared values: a condition that is only true or false costs no allocation. */
import { type Frame, type Judged, withCaptures, withLocal } from '../core/frame.ts';
import { type Outcome, ok } from '../core/outcome.ts';

const isTrue: Outcome<Judged> = ok({ value: true });
const isFalse: Outcome<Judged> = ok({ value: false });

export function judged(value: boolean): Outcome<Judged> {
  return value ? isTrue : isFalse;
}

/** What is evaluated after a condition sees its captures and what it found. */
export function frameAfter(frame: Frame, result: Judged): Frame {
  if (result.captures === undefined && result.found === undefined) return frame;
  const captured = result.captures ? withCaptures(frame, result.captures) : frame;
  return result.found ? withLocal(captured, 'value', result.found) : captured;
}
