/** ACL conditions `spf` and `spf_guess`: the check, what it leaves in `$spf_…`, and the list of results. Spec ch. 58 "SPF". */
import type { Octets } from '../base/octets.ts';
import { expandComment, usesHostName } from '../checks/spf/comment-macros.ts';
import { headerComment, receivedSpf, resultWord, smtpReason } from '../checks/spf/texts.ts';
import { type AclContext, type Frame, type Judged, mailOf, type Outcome, ok, originOf, type SpfResults, type Text } from '../core/index.ts';
import type { SpfFinding, SpfQuestion } from '../core/ports.ts';

/** What the results were called before they had the names of RFC 7208. */
const OLD_NAMES: ReadonlyMap<Octets, Octets> = new Map([
  ['err_perm', 'permerror'],
  ['err_temp', 'temperror'],
]);

/** For `isGuess`, domains without a record are judged by that of option spf_guess. */
export async function testSpf(list: Text, { frame }: AclContext, isGuess: boolean): Promise<Outcome<Judged>> {
  const found = await checkOnce(questionOf(frame, isGuess), frame);
  return ok({ value: isInList(found === '(invalid)' ? 'invalid' : found, frame.services.lists.split(list.octets)) });
}

/** The first item that fits decides; `!` is in front of what the result is not to be, and of nothing else: also no space. */
function isInList(result: Octets, items: readonly Octets[]): boolean {
  return items.some((item) => {
    const isNegated = item.startsWith('!');
    const name = isNegated ? item.slice(1) : item;
    return (OLD_NAMES.get(name) ?? name) === result ? !isNegated : isNegated;
  });
}

function questionOf(frame: Frame, isGuess: boolean): SpfQuestion {
  const { main } = frame.config;
  const origin = originOf(frame);
  return {
    address: origin?.hostAddress,
    sender: mailOf(frame)?.sender ?? '',
    heloName: origin?.heloName ?? '',
    receiver: main.primary_hostname,
    guess: isGuess ? main.spf_guess : undefined,
  };
}

/** Several statements and recipients of a message ask the same. */
async function checkOnce(question: SpfQuestion, frame: Frame): Promise<Octets> {
  const key = JSON.stringify(question);
  const { results, services } = frame;
  if (results.spf?.question !== key) {
    const finding = await services.spf.check(question, frame.until);
    results.spf = finding ? await resultsOf(finding, question, key, frame) : { ...NOTHING, question: key };
  }
  return results.spf.result;
}

const NOTHING = { result: '(invalid)', isGuessed: false, received: '', headerComment: '', smtpComment: '', usedDomain: '' } as const;

async function resultsOf(finding: SpfFinding, { heloName, receiver }: SpfQuestion, question: Octets, frame: Frame): Promise<SpfResults> {
  const reason = smtpReason(finding);
  return {
    result: resultWord(finding),
    isGuessed: finding.isGuessed,
    received: receivedSpf(finding, heloName, receiver),
    headerComment: headerComment(finding, receiver),
    smtpComment: reason === undefined ? '' : `${await commentFor(finding, { heloName, receiver }, frame)}${reason}`,
    usedDomain: finding.domain,
    question,
  };
}

/** From option spf_smtp_comment_template. */
async function commentFor(
  finding: SpfFinding,
  { heloName, receiver }: Pick<SpfQuestion, 'heloName' | 'receiver'>,
  frame: Frame,
): Promise<Octets> {
  const { config, services } = frame;
  const expanded = await config.main.spf_smtp_comment_template?.evaluate(frame);
  if (expanded && expanded.kind !== 'ok') services.log.panic('expansion of spf_smtp_comment_template failed', mailOf(frame)?.id);
  const template = expanded?.kind === 'ok' ? expanded.value.octets : INVALID_TEMPLATE;
  if (usesHostName(template)) await services.lists.findSenderName?.(frame);
  const hostName = originOf(frame)?.hostName;
  const seconds = Math.floor(services.clock.now() / 1000);
  return expandComment(template, { ...finding, heloName, receiver, hostName, seconds });
}

/** There is nothing to expand: the comment is as for a template that is wrong. */
const INVALID_TEMPLATE = '%{';
