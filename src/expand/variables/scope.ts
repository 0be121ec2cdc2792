/** Variables of nested scopes: items, ACL arguments, filters, events, bounces. Spec ch. 11 "Expansion variables". */
import { nestedVariable, octetsVariable, unsetVariable, variable } from '../reading.ts';

const digits = Array.from({ length: 10 }, (_, index) => index);

export default [
  nestedVariable('value', 'What a lookup, extraction, command or condition found, inside its item.'),
  nestedVariable('item', 'The item of the list that is gone through.'),
  ...digits.slice(1).map((index) => nestedVariable(`acl_arg${index}`, `Argument ${index} of the ACL that was called.`)),
  nestedVariable('acl_narg', 'How many arguments the ACL was called with.', '0'),
  ...digits
    .slice(1, 5)
    .map((index) =>
      variable(
        `auth${index}`,
        `Item ${index} of the authentication data, while an authenticator is evaluated.`,
        (frame) => frame.results.auth?.[index - 1],
      ),
    ),
  unsetVariable('thisaddress', 'The address that a `foranyaddress` command of a filter looks at.'),
  ...digits.map((index) => filterVariable(`n${index}`, `Counter ${index} of a filter.`)),
  ...digits.map((index) => filterVariable(`sn${index}`, `Counter ${index} as the system filter left it.`)),
  unsetVariable('event_name', 'The event that event_action is called for.'),
  unsetVariable('event_data', 'What came with the event.'),
  unsetVariable('event_defer_errno', 'The error number of a deferral event.', '0'),
  nestedVariable('bounce_recipient', 'To whom the bounce goes that is being written.'),
  nestedVariable('warn_message_delay', 'How long a message waits, in the warning that is being written.'),
  nestedVariable('warn_message_recipients', 'The recipients that wait, in the warning that is being written.'),
  nestedVariable('warnmsg_delay', 'Old name of `warn_message_delay`.'),
  nestedVariable('warnmsg_recipients', 'Old name of `warn_message_recipients`.'),
  nestedVariable('inode', 'The inode of a file that directory_file is to name.', '0'),
  unsetVariable('mailstore_basename', 'The name of the files of a mailstore delivery, without extension.'),
  octetsVariable('verify_mode', '`S` or `R` while the routers run to verify a sender or recipient.', (frame) => frame.verifyMode),
];

/** Known in filters only. */
function filterVariable(name: string, summary: string) {
  return { ...nestedVariable(name, summary), isFilterOnly: true };
}
