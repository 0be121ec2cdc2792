/** How two texts differ, for people. */

/** Lines of one side only, in their order. */
export function linesOfOneSide(theirs: string, ours: string): string {
  const [left, right] = [theirs.split('\n'), ours.split('\n')];
  let shown = '';
  for (let a = 0, b = 0; a < left.length || b < right.length; ) {
    if (left[a] === right[b]) {
      a++;
      b++;
      continue;
    }
    const again = right.indexOf(left[a] ?? '\0', b);
    const other = left.indexOf(right[b] ?? '\0', a);
    if (a < left.length && (again < 0 || (other >= 0 && other - a <= again - b) || b >= right.length)) shown += `  Exim ${left[a++]}\n`;
    else shown += `  ours ${right[b++]}\n`;
  }
  return shown;
}
