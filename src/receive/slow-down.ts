/** Delays for clients that send many MAIL or RCPT commands in one session. Spec ch. 14 "smtp_ratelimit_hosts". */
import type { Octets } from '../base/octets.ts';
import { delaySeconds, parseRateDelay } from '../base/rate-delay.ts';
import type { Dialogue } from './dialogue.ts';
import { isSenderHostIn } from './expansion.ts';

/** Waits as long as the option says for the command with this number: of the session for MAIL, of the message for RCPT. */
export async function slowDown(dialogue: Dialogue, option: Octets | undefined, count: number): Promise<void> {
  const setting = option === undefined ? undefined : parseRateDelay(option);
  const seconds = setting === undefined ? 0 : delaySeconds(setting, count);
  if (seconds === 0) return;
  dialogue.isSlowedDown ??= await isSenderHostIn(dialogue.config.main.smtp_ratelimit_hosts, dialogue.frame());
  if (!dialogue.isSlowedDown) return;
  await dialogue.flush();
  await dialogue.parts.services.clock.sleep(seconds * 1000, dialogue.until);
}
