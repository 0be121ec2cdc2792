/** `pam{user:answer:…}`. Spec ch. 11 "Expansion conditions"; Linux-PAM's pam(3). */
import { parseList } from '../../base/list-text.ts';
import { defineCondition } from '../../core/define/expansion.ts';
import { fail } from '../../core/outcome.ts';
import { withTexts } from '../branches.ts';
import { judged } from '../judged.ts';

/** Codes that say no; others say that PAM could not decide. */
const PAM_SUCCESS = 0;
const PAM_AUTH_ERR = 7;
const PAM_USER_UNKNOWN = 10;
const PAM_ACCT_EXPIRED = 13;
const REFUSALS: ReadonlySet<number> = new Set([PAM_AUTH_ERR, PAM_USER_UNKNOWN, PAM_ACCT_EXPIRED]);

export default defineCondition({
  name: 'pam',
  summary: 'PAM (service `exim`) accepts the user, who is the first item of the list; the others answer what it asks for.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if pam}', { kind: 'fail', message: 'missing { after "pam"' }],
    ['${if pam{: secret}{yes}{no}}', 'no'],
  ],
  arguments: [{ kind: 'string' }],
  compile:
    ([text]) =>
    (frame) =>
      withTexts([text], frame, async ([list]) => {
        const [user = '', ...answers] = parseList(list?.octets ?? '').items;
        if (user === '') return judged(false);
        const asked = await frame.services.pam.authenticate(user, answers, frame.until);
        if (asked.kind !== 'ok') return asked;
        const { code, text: reason } = asked.value;
        return code === PAM_SUCCESS || REFUSALS.has(code) ? judged(code === PAM_SUCCESS) : fail(reason);
      }),
});
