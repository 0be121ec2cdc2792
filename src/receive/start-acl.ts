/** `acl_not_smtp_start`: before a message that does not come by SMTP is read. Spec ch. 44 "The non-SMTP ACLs". */
import { expandAclOption } from '../acl/option-text.ts';
import type { Frame } from '../core/index.ts';

/** Its verdict does not matter: it is for setting variables and controls. */
export async function runStartAcl(frame: Frame): Promise<void> {
  const option = frame.config.main.acl_not_smtp_start;
  if (option === undefined) return;
  const text = await expandAclOption(option, frame);
  if (text.kind === 'ok' && text.value.octets !== '') await frame.services.acls.run('not_smtp_start', text.value, [], frame);
}
