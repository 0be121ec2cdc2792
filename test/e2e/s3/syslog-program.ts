/**
 * The program for tests of configurations that log to syslog and to the files that Exim was built with: those are in the spool directory, and what
 * the syslog daemon would get is appended to the file that the environment names.
 */
import { appendFileSync } from 'node:fs';
import { run } from '../../../src/cli/main.ts';

const prefix = '--called-as=';
const [first = '', ...args] = process.argv.slice(2);
const isNamed = first.startsWith(prefix);
await run(isNamed ? first.slice(prefix.length) : 'exim', isNamed ? args : process.argv.slice(2), {
  adaptations: {
    build: { logFilePath: '' },
    keepsPrivilege: false,
    deliversInForeground: false,
    sendSyslog: (priority, text) => appendFileSync(process.env.SYSLOG_FILE ?? '/dev/null', `<${priority}> ${text}\n`, 'latin1'),
  },
});
