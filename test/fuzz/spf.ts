/** SPF: records and names as others publish them, and the macros in them. The lines of an input are a sender, a name in HELO, and what the DNS answers. */
import { expandComment } from '../../src/checks/spf/comment-macros.ts';
import { SpfChecker } from '../../src/checks/spf/spf.ts';
import { receivedSpf } from '../../src/checks/spf/texts.ts';
import type { Dns, DnsAnswer, DnsRecord, DnsType } from '../../src/core/index.ts';
import { untilAborted } from '../../src/core/index.ts';
import { FakeClock } from '../../src/system/fakes/clock.ts';
import type { Target } from './targets.ts';

const RECEIVER = 'mx.test';
const RESULTS = /^(?:pass|fail|softfail|neutral|none|permerror|temperror|invalid)$/;

/** Every question gets the next lines. */
class LineDns implements Dns {
  readonly #lines: readonly string[];
  #next = 0;
  questions = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  resolve(name: string, type: DnsType): DnsAnswer {
    this.questions++;
    const lines = Array.from(
      { length: type === 'PTR' || type === 'MX' ? 12 : 1 },
      () => this.#lines[this.#next++ % this.#lines.length] ?? '',
    );
    if (lines[0] === '') return { kind: 'no-name', isAuthenticated: false };
    if (lines[0] === 'AGAIN') return { kind: 'again', message: 'again' };
    const records = lines.map((line) => recordOf(name, type, line));
    return { kind: 'found', name, records, isAuthenticated: false, isAuthoritative: false };
  }
}

function recordOf(name: string, type: DnsType, line: string): DnsRecord {
  const base = { name, ttl: 1 };
  switch (type) {
    case 'A':
      return { ...base, type, address: '192.0.2.1' };
    case 'AAAA':
      return { ...base, type, address: '2001:db8::1' };
    case 'MX':
      return { ...base, type, preference: 1, exchange: line };
    case 'PTR':
      return { ...base, type, target: line };
    default:
      return { ...base, type: 'TXT', chunks: [line.slice(0, 255), line.slice(255)] };
  }
}

export const spf: Target = {
  name: 'spf',
  seeds: [
    'a@b.example\nhelo.example\nv=spf1 a:%{d2r}.x.example/24//64 mx ptr:x.example include:%{ir}.%{v}._spf.%{d2} exists:%{l1r-+}.%{H}.example ip4:10.0.0.0/8 ip6:2001:db8::/32 ~all exp=e.%{o}\nv=spf1 redirect=c.example\nv=spf1 ?all',
    '\n[192.0.2.1]\nv=spf1 -include:a.example +a/0//0 -mx:%{p}.example foo=%{s}%_%-%% redirect=%{h}',
    '"q\\"@x"@caf\xc3\xa9.example\n__proto__\nv=spf1 exists:%{S}.example constructor=x -all\n\nAGAIN',
    'x@y.example\n\nv=spf1 include:%{d}.y.example\nv=spf1 include:%{d}.z.example',
  ],
  words: [
    'v=spf1 ',
    ' a',
    ' mx:',
    ' ptr',
    ' ip4:',
    ' ip6:',
    ' exists:',
    ' include:',
    ' redirect=',
    ' exp=',
    '%{',
    '%{d1r.-+,/_=}',
    '%{p}',
    '%{i0}',
    '%{l99999999999999999999}',
    '}',
    '%%',
    '%_',
    '%-',
    '/',
    '//129',
    '-all',
    '~',
    '@',
    '.',
    '\n',
    '\0',
    '\xff',
    '__proto__',
    '::ffff:1.2.3.4',
  ],
  run: async (text) => {
    const [sender = '', heloName = '', ...lines] = text.split('\n');
    expandComment(text, {
      sender,
      domain: heloName,
      address: '2001:db8::1',
      heloName,
      receiver: RECEIVER,
      hostName: undefined,
      seconds: 0,
    });
    for (const address of ['192.0.2.1', '2001:db8::1']) {
      const dns = new LineDns(lines);
      const checker = new SpfChecker(dns, new FakeClock());
      const question = { address, sender, heloName, receiver: RECEIVER, guess: lines[0] };
      const finding = await checker.check(question, untilAborted(new AbortController().signal));
      if (!finding || !RESULTS.test(finding.result)) throw new Error(`no result: ${JSON.stringify(finding)}`);
      if (receivedSpf(finding, heloName, RECEIVER).includes('\n')) throw new Error('more than one line');
      // Twice, for the guess: a record, ten terms, and ten names of each.
      if (dns.questions > 2 * (1 + 10 + 10 * 10)) throw new Error(`${dns.questions} questions`);
    }
  },
};
