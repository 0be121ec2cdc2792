/** Changes octets at random: what a fuzzer does without knowing the program. */

/** Below its argument. */
export type Choose = (count: number) => number;

const MAX_CHANGES = 8;
const MAX_LENGTH = 20_000;

/** Some pieces of it cut out, doubled, replaced by words, by other inputs' pieces or by random octets. */
export function mutate(input: string, others: readonly string[], words: readonly string[], choose: Choose): string {
  let result = input;
  for (let left = 1 + choose(MAX_CHANGES); left > 0; left--) result = change(result, others, words, choose);
  return result.slice(0, MAX_LENGTH);
}

function change(input: string, others: readonly string[], words: readonly string[], choose: Choose): string {
  const from = choose(input.length + 1);
  const to = Math.min(input.length, from + choose(choose(4) === 0 ? input.length + 1 : 8));
  const head = input.slice(0, from);
  const piece = input.slice(from, to);
  const tail = input.slice(to);
  switch (choose(7)) {
    case 0:
      return head + tail;
    case 1:
      return head + piece.repeat(2 + choose(3)) + tail;
    case 2:
      return head + pick(words, choose) + tail;
    case 3:
      return head + piece + pick(words, choose) + tail;
    case 4: {
      const other = pick(others, choose);
      const at = choose(other.length + 1);
      return head + other.slice(at, at + choose(64)) + tail;
    }
    case 5:
      return head + String.fromCharCode(choose(256)) + tail;
    default:
      return flipBit(input, from, choose);
  }
}

function flipBit(input: string, at: number, choose: Choose): string {
  if (at >= input.length) return input;
  return input.slice(0, at) + String.fromCharCode(input.charCodeAt(at) ^ (1 << choose(8))) + input.slice(at + 1);
}

function pick(list: readonly string[], choose: Choose): string {
  return list[choose(list.length)] ?? '';
}
