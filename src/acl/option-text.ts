/** The text that an option such as `acl_smtp_rcpt` gives: a name, a file or an ACL. Spec ch. 44 "Access control lists", "Defining the ACLs". */
import { type Frame, isTainted, type Outcome, ok, type Template, type Text, untainted } from '../core/index.ts';

const INLINE = /^[\t\n ]*(?:accept|defer|deny|discard|drop|require|warn)(?![0-9A-Za-z_:])/;

/**
 * An ACL that stands in the option itself is the administrator's: what a remote party chose is expanded where it stands in a statement, and
 * never read as one.
 */
export async function expandAclOption(option: Template, frame: Frame): Promise<Outcome<Text>> {
  if (option.constant !== undefined) return ok(untainted(option.constant));
  const text = await option.evaluate(frame);
  return text.kind === 'ok' && isTainted(text.value) && INLINE.test(option.source) ? ok(untainted(option.source)) : text;
}
