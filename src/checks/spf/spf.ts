/** SPF: whether a host may send mail as it says it does. Spec ch. 58 "SPF", RFC 7208. */
import { formatIp, type IpBytes, isInNetwork, isMappedIpv4, parseIp } from '../../base/ip.ts';
import { isAscii, type Octets } from '../../base/octets.ts';
import type { Clock, Deadline, Dns } from '../../core/index.ts';
import type { Spf, SpfFinding, SpfQuestion } from '../../core/ports.ts';
import { domainToAlabel } from '../../expand/alabel.ts';
import { type Evaluation, evaluate } from './evaluation.ts';

/** As Exim asks when there is no client: `-bs` on a pipe. */
const NO_ADDRESS = '0.0.0.0';

const LOOPBACK = [
  { bytes: Uint8Array.of(127, 0, 0, 0), prefixBits: 8 },
  { bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), prefixBits: 128 },
];

export class SpfChecker implements Spf {
  readonly #dns: Dns;
  readonly #clock: Clock;

  constructor(dns: Dns, clock: Clock) {
    this.#dns = dns;
    this.#clock = clock;
  }

  async check(question: SpfQuestion, until: Deadline): Promise<SpfFinding | undefined> {
    const parsed = parseIp(question.address ?? NO_ADDRESS);
    if (!parsed) return undefined;
    const bytes = plainBytes(parsed);
    const address = formatIp(bytes);
    const { sender, domain } = identityOf(question);
    const found = (said: Partial<SpfFinding> & Pick<SpfFinding, 'result'>): SpfFinding => ({
      address,
      sender,
      domain,
      isGuessed: false,
      ...said,
    });
    if (LOOPBACK.some((network) => isInNetwork(bytes, network))) return found({ result: 'pass', reason: 'localhost' });
    if (domain === '') return found({ result: 'invalid' });
    const ascii = asciiDomain(domain);
    if (ascii === undefined) return found({ result: 'none' });
    const evaluateWith = (record?: Octets): Promise<Evaluation> => {
      const localPart = sender.slice(0, sender.lastIndexOf('@'));
      const request = {
        address,
        domain: ascii,
        sender: `${localPart}@${ascii}`,
        heloName: question.heloName,
        receiver: question.receiver,
        record,
      };
      return evaluate(request, this.#dns, this.#clock, until);
    };
    const evaluation = await evaluateWith();
    if (evaluation.result !== 'none' || question.guess === undefined) return found(evaluation);
    const guess = await evaluateWith(question.guess);
    const isNoRecord = guess.result === 'none' || guess.problem === 'record';
    return found({ ...(isNoRecord ? { result: 'invalid' } : guess), isGuessed: true });
  }
}

/** Clients of both kinds of socket are the same. RFC 7208 s5. */
function plainBytes(bytes: IpBytes): IpBytes {
  return isMappedIpv4(bytes) ? bytes.slice(12) : bytes;
}

/** What is checked: the sender, or the name in HELO when it is the null sender. RFC 7208 s2.4, s4.3. */
function identityOf({ sender, heloName }: SpfQuestion): { readonly sender: Octets; readonly domain: Octets } {
  const identity = sender === '' ? heloName : sender;
  const at = identity.lastIndexOf('@');
  const domain = identity.slice(at + 1);
  return { sender: at > 0 ? identity : `postmaster@${domain}`, domain };
}

/** In a-labels; undefined where there can be no record: no domain name of several labels. RFC 7208 s4.3. */
function asciiDomain(domain: Octets): Octets | undefined {
  const ascii = isAscii(domain) ? domain : domainToAlabel(domain);
  if (typeof ascii !== 'string') return undefined;
  const plain = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  return plain.length <= 253 && /^(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z0-9-]{1,63}$/.test(plain) ? plain : undefined;
}
