/** The program for the test of the submission socket: the environment names its place; it belongs to the mail account, as in a package. */
import { run } from '../../../src/cli/main.ts';
import { findAccount } from '../support/place.ts';

const prefix = '--called-as=';
const [first = '', ...args] = process.argv.slice(2);
const isNamed = first.startsWith(prefix);
const directory = process.env.SUBMIT_DIRECTORY ?? '';
const { name, uid, gid } = findAccount(process.env.MAIL_ACCOUNT ?? '') ?? { name: '', uid: -1, gid: -1 };
await run(isNamed ? first.slice(prefix.length) : 'exim', isNamed ? args : process.argv.slice(2), {
  adaptations: {
    build: {
      submitSocket: `${directory}/run/submit`,
      dropDirectory: `${directory}/drop`,
      configureFiles: [`${directory}/etc/exim.conf`],
      configureOwners: [0],
      eximUser: { name, uid },
      eximGroup: { name, gid },
    },
    keepsPrivilege: false,
    deliversInForeground: false,
  },
});
