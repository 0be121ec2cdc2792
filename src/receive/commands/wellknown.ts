/** WELLKNOWN: a file for the client, one line of it in a reply line, as xtext (RFC 3461 s4). Spec ch. 44 "Use of the control modifier", `wellknown`. */
import type { Octets } from '../../base/octets.ts';
import { octetsFromBytes, printable } from '../../base/octets.ts';
import type { Command } from '../../smtp/command.ts';
import { encodeXtext } from '../../smtp/xtext.ts';
import type { Dialogue } from '../dialogue.ts';

/** Of a file: what is larger is not sent. */
const MAX_FILE_BYTES = 64 * 1024;

const REFUSAL = { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } as const;

export async function wellknown(dialogue: Dialogue, command: Command): Promise<void> {
  if (!dialogue.advertised.wellknown) return dialogue.protocolError('protocol', '503', 'WELLKNOWN command used when not advertised');
  const { config, session } = dialogue;
  const label = `WELLKNOWN ${printable(command.argument)}`;
  session.state.controls.delete('wellknown');
  const verdict = await dialogue.runAcl('wellknown', config.main.acl_smtp_wellknown, REFUSAL);
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('wellknown', label, verdict);
    return;
  }
  const path = session.state.controls.get('wellknown') ?? '';
  const content = path === '' ? undefined : dialogue.parts.services.files.readFile(path, MAX_FILE_BYTES);
  if (content === undefined || content.kind === 'error') {
    const logMessage = content === undefined ? undefined : `could not read "${path}": ${content.reason}`;
    dialogue.refuse('wellknown', label, { ...REFUSAL, logMessage });
    return;
  }
  dialogue.reply('250', [`SIZE=${content.value.length}`, ...responseLines(octetsFromBytes(content.value))].join('\n'));
}

/** Each with its line end. */
function responseLines(text: Octets): Octets[] {
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map(encodeXtext);
}
