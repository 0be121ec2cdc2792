/** Whether a run of kills passed, and its summary. */
import type { KillReport } from './kill-run.ts';

/** What was wrong; none when the run passed. */
export function faultsOf(report: KillReport): string[] {
  const kills = killCount(report);
  const faults: [boolean, string][] = [
    [report.accepted < report.messages, `${report.messages - report.accepted} messages never got their 250`],
    [report.lost.length > 0, `lost: ${report.lost.join(', ')}`],
    [report.unexplained.length > 0, `more copies than were sent: ${report.unexplained.join(', ')}`],
    [report.deliveredAgain > 0, `${report.deliveredAgain} messages were delivered twice at ${kills} kills`],
    [report.leftFiles.length > 0, `left in the spool: ${report.leftFiles.join(', ')}`],
    [report.panics.length > 0, `panic log: ${report.panics.join('\n')}`],
    [report.refusals.some((answer) => !answer.startsWith('421') && !answer.startsWith('451')), `refused: ${report.refusals.join(', ')}`],
  ];
  return faults.filter(([isFault]) => isFault).map(([, text]) => text);
}

export function killCount({ kills }: KillReport): number {
  return Object.values(kills).reduce((sum, count) => sum + count, 0);
}

export function summaryOf(report: KillReport): string {
  const byTarget = Object.entries(report.kills).map(([target, count]) => `${count} ${target}`);
  const rows: [string, string | number][] = [
    ['kills', `${killCount(report)} (${byTarget.join(', ')})`],
    ['messages accepted', report.accepted],
    ['delivered', report.delivered],
    ['lost', report.lost.length],
    ['sendings without an answer', report.unanswered],
    ['duplicates: sent again by the client', report.sentAgain],
    ['duplicates: cut off between mailbox and spool', report.deliveredAgain],
    ['duplicates without a reason', report.unexplained.length],
    ['temporary refusals', report.refusals.length],
    ['files of messages cut off while they arrived', report.cutOffFiles],
    ['spool files left after a later queue run', report.leftFiles.length],
    ['panic log lines, but for restarts', report.panics.length],
  ];
  return rows.map(([name, value]) => `${name.padEnd(48)}${value}\n`).join('');
}
