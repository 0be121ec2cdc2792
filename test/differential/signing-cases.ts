/** Messages and what they are to be signed with, for `signing.ts` and `signing.test.ts`. */
import type { SignatureRequest } from '../../src/checks/dkim/sign.ts';
import type { TestKey } from '../../src/checks/dkim/signing-fixture.ts';

export interface SigningCase {
  readonly name: string;
  /** With \n line ends. */
  readonly header: string;
  readonly body: string;
  readonly domains: readonly string[];
  readonly selectors: readonly string[];
  readonly key: TestKey;
  readonly canon: SignatureRequest['form'];
  readonly hash: SignatureRequest['hash'];
  readonly names: readonly string[];
  readonly identity: string | undefined;
}

const HEADER = `From: Joe <joe@test.ex>
To: ann@site.test
Subject: a  test\t of
  folded  lines
Date: Thu, 19 Nov 2015 17:00:07 -0700
Message-ID: <1234@test.ex>
X-Twice: 1
Cc:
X-Twice:  2\x20
`;
const BODY = 'line one\n\n  two \t words  \n.dot\n..\n\n\n';

const USUAL: SigningCase = {
  name: '',
  header: HEADER,
  body: BODY,
  domains: ['test.ex'],
  selectors: ['sel'],
  key: 'ed25519',
  canon: 'relaxed',
  hash: 'sha256',
  names: ['From', 'To', 'Subject', 'Date', 'Message-ID'],
  identity: undefined,
};

const letters = (length: number): string => 'abcdefghijklmnopqrstuvwxyz'.repeat(10).slice(0, length);
const lengths = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => letters(from + index));

const named = (rows: Readonly<Record<string, Partial<SigningCase>>>): SigningCase[] =>
  Object.entries(rows).map(([name, row]) => ({ ...USUAL, ...row, name }));

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'in another order': ['Date', 'From'],
  'in another case': ['FROM', 'to', 'sUBJECT'],
  'one of two': ['From', 'X-Twice'],
  'both of two': ['From', 'X-Twice', 'X-Twice'],
  'more than there are': ['From', 'X-Twice', 'X-Twice', 'X-Twice'],
  'all with =': ['From', '=X-Twice'],
  'all and one with +': ['From', '+X-Twice'],
  'none with = that is not there': ['From', '=X-None'],
  'absent with +': ['From', '+X-None', 'X-Absent'],
  'one, then all': ['From', 'X-Twice', '+X-Twice', '=X-Twice', 'X-Twice'],
  'an empty line': ['From', 'Cc'],
  'DKIM-Signature': ['DKIM-Signature', 'From'],
  'the oversigned default': ['+From', '+Sender', '+Reply-To', '+Subject', '+Date', '+Message-ID', '+To', '+Cc', '+MIME-Version'],
};

const BODIES: Readonly<Record<string, string>> = {
  'of one word': 'word\n',
  'with white space alone': ' \n\t\n  \t\n',
  'with white space at ends': ' a \n\tb\t\n c\n',
  'with empty lines first': '\n\n\na\n',
  'with many empty lines last': `a${'\n'.repeat(50)}`,
  'with dots': '.\n..\n.a\n',
  'with 8-bit octets': '\xe4\xf6\xfc\xff\x80\n',
  'of many lines': 'all work and no play  makes Jack\t a dull boy \n'.repeat(3000),
  'with a long line': `${'long  '.repeat(1500)}\n`,
};

export const signingCases: readonly SigningCase[] = [
  ...named({
    'relaxed, Ed25519': {},
    'simple, Ed25519': { canon: 'simple' },
    'relaxed, RSA 1024': { key: 'rsa1024' },
    'simple, RSA 1024': { key: 'rsa1024', canon: 'simple' },
    'relaxed, RSA 2048': { key: 'rsa2048' },
    'simple, RSA 2048': { key: 'rsa2048', canon: 'simple' },
    'RSA with SHA-1': { key: 'rsa1024', hash: 'sha1' },
    'RSA with SHA-512': { key: 'rsa1024', hash: 'sha512' },
    'Ed25519 with SHA-512': { hash: 'sha512' },
    'a short RSA key': { key: 'rsa512' },
    'an identity': { identity: 'joe@mail.test.ex' },
    'two domains': { domains: ['test.ex', 'other.example'] },
    'two selectors': { selectors: ['one', 'Two'] },
    'two of each': { domains: ['a.ex', 'b.ex'], selectors: ['one', 'two'] },
    'domains of all lengths': { domains: lengths(1, 90), names: ['From'] },
    'selectors of all lengths': { selectors: lengths(1, 90), names: ['From'] },
    'identities up to the width of a line': { identity: letters(73), selectors: lengths(1, 40), names: ['From'] },
    'identities beyond a line': { identity: letters(100), selectors: lengths(1, 78), names: ['From'] },
    'names of headers of all lengths': { names: ['From', ...lengths(1, 73)], canon: 'simple' },
    'RSA, selectors of all lengths': { selectors: lengths(1, 80), key: 'rsa1024', names: ['From'] },
    'SHA-512, selectors of all lengths': { selectors: lengths(1, 80), key: 'rsa1024', hash: 'sha512', names: ['From'] },
  }),
  ...Object.entries(HEADERS).flatMap(([name, names]) => named({ [`headers: ${name}`]: { names } })),
  ...Object.entries(BODIES).flatMap(([name, body]) =>
    named({ [`body ${name}, relaxed`]: { body }, [`body ${name}, simple`]: { body, canon: 'simple' } }),
  ),
];
