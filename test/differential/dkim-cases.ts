/** Messages with DKIM signatures, good and bad, the zone with their keys, and the configuration that logs all that is known of them. */

import { keyRecord, publicKeyOf, type Signing, signatureLine } from '../../src/checks/dkim/signing-fixture.ts';
import type { Zone } from '../e2e/support/dns-server.ts';
import type { SubmissionCase } from './submission-cases.ts';

export interface DkimCase {
  readonly name: string;
  /** As it is sent, without the final dot; lines end with CRLF where nothing else is the point. */
  readonly message: string;
  /** Lines of the main section. */
  readonly options?: string;
  /** Of `acl_smtp_dkim`, before its final `accept`; absent: only what logs. */
  readonly acl?: string;
}

/** Strings of the key record of each selector below `_domainkey.test.ex`. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  sel: [keyRecord('rsa1024')],
  big: chunks(keyRecord('rsa2048')),
  small: [keyRecord('rsa512')],
  middle: [keyRecord('rsa768')],
  other: [keyRecord('otherRsa')],
  ed: [keyRecord('ed25519')],
  edbad: [`v=DKIM1; k=ed25519; p=${publicKeyOf('rsa1024')}`],
  edshort: ['v=DKIM1; k=ed25519; p=AAAA'],
  plain: [`p=${publicKeyOf('rsa1024')}`],
  revoked: ['v=DKIM1; k=rsa; p='],
  revokedbare: ['v=DKIM1; p'],
  nokey: ['v=DKIM1; k=rsa'],
  empty: [''],
  garbage: ['this is not a key record'],
  notbase64: ['v=DKIM1; k=rsa; p=!!!not*base64!!!'],
  notkey: ['v=DKIM1; k=rsa; p=aGVsbG8gd29ybGQ='],
  testing: [`v=DKIM1; t=y; p=${publicKeyOf('rsa1024')}`],
  nosub: [`v=DKIM1; t=s; p=${publicKeyOf('rsa1024')}`],
  flags: [`v=DKIM1; t=y:s; n=some notes; p=${publicKeyOf('rsa1024')}`],
  flagsspace: [`v=DKIM1; t= y : s ; p=${publicKeyOf('rsa1024')}`],
  flagsodd: [`v=DKIM1; t=yes; p=${publicKeyOf('rsa1024')}`],
  notes: [`v=DKIM1; n=quoted=20printable=3B text; p=${publicKeyOf('rsa1024')}`],
  granularity: [`v=DKIM1; g=joe; p=${publicKeyOf('rsa1024')}`],
  granularityother: [`v=DKIM1; g=ann; p=${publicKeyOf('rsa1024')}`],
  granularityempty: [`v=DKIM1; g=; p=${publicKeyOf('rsa1024')}`],
  hashes: [`v=DKIM1; h=sha1:sha256; p=${publicKeyOf('rsa1024')}`],
  hashsha1: [`v=DKIM1; h=sha1; p=${publicKeyOf('rsa1024')}`],
  hashother: [`v=DKIM1; h=md5; p=${publicKeyOf('rsa1024')}`],
  srvemail: [`v=DKIM1; s=email; p=${publicKeyOf('rsa1024')}`],
  srvother: [`v=DKIM1; s=tlsrpt; p=${publicKeyOf('rsa1024')}`],
  srvlist: [`v=DKIM1; s=tlsrpt:email; p=${publicKeyOf('rsa1024')}`],
  srvstar: [`v=DKIM1; s=*; p=${publicKeyOf('rsa1024')}`],
  ktype: [`v=DKIM1; k=dsa; p=${publicKeyOf('rsa1024')}`],
  kupper: [`v=DKIM1; k=RSA; p=${publicKeyOf('rsa1024')}`],
  version2: [`v=DKIM2; k=rsa; p=${publicKeyOf('rsa1024')}`],
  versionlate: [`k=rsa; v=DKIM1; p=${publicKeyOf('rsa1024')}`],
  unknowntag: [`v=DKIM1; zz=1; k=rsa; p=${publicKeyOf('rsa1024')}`],
  repeatedtag: [`v=DKIM1; k=rsa; k=rsa; p=${publicKeyOf('rsa1024')}; p=${publicKeyOf('otherRsa')}`],
  spaces: [`  v = DKIM1 ;  k = rsa ;\tp = ${publicKeyOf('rsa1024').replace(/(.{20})/g, '$1 ')} ; `],
  uppertags: [`V=DKIM1; K=rsa; P=${publicKeyOf('rsa1024')}`],
  nosemicolon: [`v=DKIM1; p=${publicKeyOf('rsa1024')}; k=rsa`],
  twostrings: chunks(keyRecord('rsa1024'), 50),
};

/** For `DnsServer`. */
export const dkimZone: Zone = {
  ...Object.fromEntries(Object.entries(KEYS).map(([selector, strings]) => [`${selector}._domainkey.test.ex`, [textRecord(strings)]])),
  'broken._domainkey.test.ex': ['SERVFAIL'],
  'sel._domainkey.xn--bcher-kva.ex': [textRecord([keyRecord('rsa1024')])],
  'sel._domainkey.sub.test.ex': [textRecord([keyRecord('rsa1024')])],
  'nosub._domainkey.sub.test.ex': [textRecord([`v=DKIM1; t=s; p=${publicKeyOf('rsa1024')}`])],
  'sel._domainkey.other.ex': [textRecord([keyRecord('rsa1024')])],
  'two.sel._domainkey.test.ex': [textRecord([keyRecord('rsa1024')])],
  'cname._domainkey.test.ex': ['CNAME sel._domainkey.test.ex'],
  'several._domainkey.test.ex': [textRecord(['not a key']), textRecord(chunks(keyRecord('rsa1024')))],
};

/** A string has up to 255 octets. */
function textRecord(strings: readonly string[]): string {
  return `TXT ${strings
    .flatMap((string) => (string.length > 255 ? chunks(string) : [string]))
    .map((string) => `"${string}"`)
    .join(' ')}`;
}

function chunks(text: string, length = 200): string[] {
  return text.match(new RegExp(`.{1,${length}}`, 'g')) ?? [];
}

const HEADERS = [
  'From: Joe <joe@test.ex>\r\n',
  'To: ann@elsewhere.ex\r\n',
  'Subject: a  test\t of\r\n  folded  lines \r\n',
  'Date: Thu, 19 Nov 2015 17:00:07 -0700\r\n',
  'Message-ID: <1234@test.ex>\r\n',
] as const;
const BODY = 'Hello  Ann,\r\n\r\nthis is \t a test. \r\n \r\nJoe\r\n\r\n\r\n';

const BASE: Signing = { headers: HEADERS, body: BODY, key: 'rsa1024' };

/** A message with one signature. `sent`: what is sent otherwise than it was signed. */
function signed(
  name: string,
  signing: Partial<Signing> = {},
  sent: { headers?: readonly string[]; body?: string; line?: (line: string) => string } = {},
  rest: Partial<DkimCase> = {},
): DkimCase {
  const whole = { ...BASE, ...signing };
  const line = (sent.line ?? ((text: string) => text))(signatureLine(whole));
  return { name, message: `${line}${(sent.headers ?? whole.headers).join('')}\r\n${sent.body ?? whole.body}`, ...rest };
}

function several(name: string, signings: readonly Partial<Signing>[], rest: Partial<DkimCase> = {}): DkimCase {
  const lines = signings.map((signing) => signatureLine({ ...BASE, ...signing }));
  return { name, message: `${lines.join('')}${HEADERS.join('')}\r\n${BODY}`, ...rest };
}

/** The signature's line with a tag's value changed after signing. */
function withTag(tag: string, value: string | undefined): (line: string) => string {
  return (line) => line.replace(new RegExp(`([:;] )${tag}=[^;\r]*(; )?`), value === undefined ? '$1' : `$1${tag}=${value}$2`);
}

const tagCases: readonly DkimCase[] = ['v', 'a', 'c', 'd', 's', 'h', 'bh', 'b'].flatMap((tag) => [
  signed(`${tag}= is missing`, {}, { line: withTag(tag, undefined) }),
  signed(`${tag}= is empty`, {}, { line: withTag(tag, '') }),
  signed(`${tag}= is wrong`, {}, { line: withTag(tag, '?!') }),
  signed(`${tag}= is given twice`, {}, { line: (line) => line.replace(new RegExp(`([:;] )(${tag}=[^;\r]*)`), '$1$2; $2') }),
]);

const goodCases: readonly DkimCase[] = [
  { name: 'no signature', message: `${HEADERS.join('')}\r\n${BODY}` },
  signed('relaxed/relaxed'),
  signed('simple/simple', { canonicalization: ['simple', 'simple'] }),
  signed('relaxed/simple', { canonicalization: ['relaxed', 'simple'] }),
  signed('simple/relaxed', { canonicalization: ['simple', 'relaxed'] }),
  signed('c=relaxed alone', { canonicalization: ['relaxed', 'simple'], tags: { c: 'relaxed' } }),
  signed('c=simple alone', { canonicalization: ['simple', 'simple'], tags: { c: 'simple' } }),
  signed('c= absent', { canonicalization: ['simple', 'simple'], tags: { c: undefined } }),
  signed('c= in capitals', { tags: { c: 'Relaxed/RELAXED' } }),
  signed('c=/relaxed', { tags: { c: '/relaxed' } }),
  signed('c= with a third', { tags: { c: 'relaxed/relaxed/relaxed' } }),
  signed('c= unknown body form', { tags: { c: 'relaxed/nofws' } }),
  signed('rsa-sha1', { algorithm: 'rsa-sha1' }),
  signed('rsa-sha1 allowed', { algorithm: 'rsa-sha1' }, {}, { options: 'dkim_verify_hashes = sha256 : sha1\n' }),
  signed('rsa-sha512', { algorithm: 'rsa-sha512' }),
  signed('sha256 forbidden', {}, {}, { options: 'dkim_verify_hashes = sha512\n' }),
  signed('rsa forbidden', {}, {}, { options: 'dkim_verify_keytypes = ed25519\n' }),
  signed('ed25519 forbidden', { key: 'ed25519', selector: 'ed' }, {}, { options: 'dkim_verify_keytypes = rsa\n' }),
  signed('hashes empty', {}, {}, { options: 'dkim_verify_hashes =\n' }),
  signed('hashes unknown', {}, {}, { options: 'dkim_verify_hashes = md5 : SHA256\n' }),
  signed('a= in capitals', { algorithm: 'rsa-sha256', tags: { a: 'RSA-SHA256' } }),
  signed('ed25519', { key: 'ed25519', selector: 'ed' }),
  signed('2048 bits in two strings', { key: 'rsa2048', selector: 'big' }),
  signed('512 bits', { key: 'rsa512', selector: 'small' }),
  signed('768 bits', { key: 'rsa768', selector: 'middle' }),
  signed('512 bits allowed', { key: 'rsa512', selector: 'small' }, {}, { options: 'dkim_verify_min_keysizes = rsa=512 ed25519=250\n' }),
  signed('512 bits, no word of rsa', { key: 'rsa512', selector: 'small' }, {}, { options: 'dkim_verify_min_keysizes = ed25519=250\n' }),
  signed('ed25519 too short', { key: 'ed25519', selector: 'ed' }, {}, { options: 'dkim_verify_min_keysizes = rsa=1024 ed25519=256\n' }),
  signed('1024 bits forbidden', {}, {}, { options: 'dkim_verify_min_keysizes = rsa=2048\n' }),
  signed('empty body, simple', { body: '', canonicalization: ['simple', 'simple'] }),
  signed('empty body, relaxed', { body: '' }),
  signed('body of empty lines', { body: '\r\n\r\n\r\n' }),
  signed('body of spaces', { body: ' \t \r\n  \r\n' }),
  signed('body of spaces, simple', { body: ' \t \r\n  \r\n', canonicalization: ['simple', 'simple'] }),
  signed('dots', { body: '.\r\n..\r\n.a\r\nb.\r\n' }),
  signed('8-bit', { headers: [...HEADERS, 'X-Name: J\xf6rg \xa0\xff\r\n'], body: 'na\xefve \xa0\x80\r\n\xc3\xa9\r\n' }),
  signed('8-bit, simple', {
    headers: [...HEADERS, 'X-Name: J\xf6rg \xa0\xff\r\n'],
    body: 'na\xefve \xa0\x80\r\n\xc3\xa9\r\n',
    canonicalization: ['simple', 'simple'],
  }),
  signed('form feed and vertical tab in the body', { body: 'a \x0b b\x0c c \x0c\r\n' }),
  signed('i= of the domain', { tags: { i: '@test.ex' } }),
  signed('i= with a local part', { tags: { i: 'joe@test.ex' } }),
  signed('i= of a subdomain', { tags: { i: 'joe@sub.test.ex' } }),
  signed('i= of another domain', { tags: { i: 'joe@other.ex' } }),
  signed('i= that ends as d=', { tags: { i: 'joe@nottest.ex' } }),
  signed('i= without @', { tags: { i: 'joe' } }),
  signed('i= empty', { tags: { i: '' } }),
  signed('i= in capitals', { tags: { i: 'Joe@TEST.ex' } }),
  signed('i= quoted-printable', { tags: { i: 'j=6Fe=40x@test.ex' } }),
  signed('t=s with the same domain', { selector: 'nosub', tags: { i: 'joe@test.ex' } }),
  signed('t=s with a subdomain', { selector: 'nosub', tags: { i: 'joe@sub.test.ex' } }),
  signed('t=s without i=', { selector: 'nosub' }),
  signed('d= in capitals', { domain: 'TEST.ex' }),
  signed('d= a subdomain', { domain: 'sub.test.ex' }),
  signed('d= with a final dot', { domain: 'test.ex.' }),
  signed('s= with a dot', { selector: 'two.sel' }),
  signed('s= in capitals', { selector: 'SEL' }),
  signed('t= and x= in the future', { tags: { t: '1447977607', x: '4102444800' } }),
  signed('expired', { tags: { t: '1447977607', x: '1447977608' } }),
  signed('t= in the future', { tags: { t: '4102444800' } }),
  signed('x= before t=', { tags: { t: '1447977608', x: '1447977607' } }),
  signed('t= is no number', { tags: { t: 'yesterday' } }),
  signed('x= is no number', { tags: { x: '12ab' } }),
  signed('x= is huge', { tags: { x: '99999999999999999999999' } }),
  signed('t= is negative', { tags: { t: '-5' } }),
  signed('t= is empty', { tags: { t: '' } }),
  signed('z=', { tags: { z: 'From:Joe=20<joe@test.ex>|Subject:a=20test' } }),
  signed('z= with folds', { tags: { z: 'From:Joe=20<joe@test.ex>|\r\n  Subject:a=20te\r\n st=3D' } }),
  signed('q=dns/txt', { tags: { q: 'dns/txt' } }),
  signed('q=other', { tags: { q: 'http/well-known' } }),
  signed('q=several', { tags: { q: 'http/x:dns/txt' } }),
  signed('q= empty', { tags: { q: '' } }),
  signed('unknown tag', { tags: { foo: 'bar' } }),
  signed('v=2', { tags: { v: '2' } }),
  signed('v=0.5', { tags: { v: '0.5' } }),
  signed('v= last', { shape: (line) => line.replace('v=1; ', '').replace(/b=$/, 'v=1; b=') }),
  signed(
    'b= first',
    { shape: (line) => line.replace('v=1;', 'b=; v=1;').replace(/; b=$/, ''), fold: (text) => text },
    { line: (line) => line },
  ),
  signed('a trailing semicolon', {}, { line: (line) => line.replace(/\r\n$/, ';\r\n') }),
];

const whitespaceCases: readonly DkimCase[] = [
  signed('b= folded', { fold: (text) => text.replace(/(.{30})/g, '$1\r\n\t') }),
  signed('b= folded, simple', { canonicalization: ['simple', 'simple'], fold: (text) => text.replace(/(.{30})/g, '$1\r\n\t') }),
  signed('bh= folded', { shape: (line) => line.replace(/bh=(.{10})/, 'bh=$1\r\n  ') }),
  signed('h= folded', { shape: (line) => line.replace(/(From:To)/, '$1\r\n  ').replace('Date:', 'Date : ') }),
  signed('h= folded, simple', {
    canonicalization: ['simple', 'simple'],
    shape: (line) => line.replace(/(From:To)/, '$1\r\n  ').replace('Date:', 'Date : '),
  }),
  signed('spaces around every sign', {
    shape: (line) =>
      line
        .replace(/; /g, ' \t;\r\n  ')
        .replace(/(\b[a-z]+)=/g, '$1 = ')
        .replace(/b = $/, 'b='),
  }),
  signed('no spaces', { shape: (line) => line.replaceAll('; ', ';') }),
  signed('a space before the colon', { shape: (line) => line.replace('DKIM-Signature:', 'DKIM-Signature :') }),
  signed('name in capitals', { shape: (line) => line.replace('DKIM-Signature:', 'DKIM-SIGNATURE:') }),
  signed('name in capitals, simple', {
    canonicalization: ['simple', 'simple'],
    shape: (line) => line.replace('DKIM-Signature:', 'dkim-SIGNATURE:'),
  }),
  signed('no space after the colon', { shape: (line) => line.replace('DKIM-Signature: ', 'DKIM-Signature:') }),
  signed('b= inside a value', { shape: (line) => line.replace('v=1;', 'v=1; x-b=b=1;') }),
  signed('a space in d=', { shape: (line) => line.replace('d=test.ex', 'd= test.ex ') }),
  signed('a fold in d=', { shape: (line) => line.replace('d=test.ex', 'd=\r\n test.ex\r\n ') }),
  signed('a space inside d=', { shape: (line) => line.replace('d=test.ex', 'd=test .ex') }),
  signed('a fold inside i=', { shape: (line) => line.replace('d=test.ex', 'd=test.ex; i=joe\r\n @test.ex') }),
];

const changedCases: readonly DkimCase[] = [
  signed('body changed', {}, { body: BODY.replace('Ann', 'Bob') }),
  signed('body changed, and no key', { selector: 'none' }, { body: BODY.replace('Ann', 'Bob') }),
  signed('a line added to the body', {}, { body: `${BODY}footer\r\n` }),
  signed('an empty line added to the body', { canonicalization: ['simple', 'simple'] }, { body: `${BODY}\r\n` }),
  signed('a space added, relaxed', {}, { body: BODY.replace('Joe', 'Joe  ') }),
  signed('a space added, simple', { canonicalization: ['simple', 'simple'] }, { body: BODY.replace('Joe', 'Joe ') }),
  signed('a header changed', {}, { headers: HEADERS.map((line) => line.replace('ann@', 'bob@')) }),
  signed('spaces of a header changed, relaxed', {}, { headers: HEADERS.map((line) => line.replace('Joe <', 'Joe   <')) }),
  signed(
    'spaces of a header changed, simple',
    { canonicalization: ['simple', 'simple'] },
    { headers: HEADERS.map((line) => line.replace('Joe <', 'Joe   <')) },
  ),
  signed('a header removed', {}, { headers: HEADERS.slice(0, 4) }),
  signed('a header that is not signed added', {}, { headers: [...HEADERS, 'X-New: 1\r\n'] }),
  signed('a second From: above', {}, { headers: ['From: evil@test.ex\r\n', ...HEADERS] }),
  signed('a second From: below', {}, { headers: [...HEADERS, 'From: evil@test.ex\r\n'] }),
  signed('From: signed twice, one added', { names: ['From', 'From', 'To'] }, { headers: [...HEADERS, 'From: evil@test.ex\r\n'] }),
  signed('From: signed twice', { names: ['From', 'From', 'To'] }),
  signed('headers in another order', {}, { headers: [...HEADERS].reverse() }),
  signed('repeated headers', {
    headers: [...HEADERS, 'X-A: 1\r\n', 'X-A: 2\r\n', 'X-A: 3\r\n'],
    names: ['From', 'X-A', 'X-A', 'X-A', 'X-A'],
  }),
  signed('repeated headers, some', { headers: [...HEADERS, 'X-A: 1\r\n', 'X-A: 2\r\n', 'X-A: 3\r\n'], names: ['From', 'X-A', 'X-A'] }),
  signed('From: is not signed', { names: ['To', 'Subject'] }),
  signed('h= names the signature', { names: ['From', 'DKIM-Signature'] }),
  signed('h= in capitals', { names: ['FROM', 'to', 'sUBJECT'] }),
  signed('h= with empty names', { names: ['From', '', 'To'] }),
  signed('h= with a final colon', { names: ['From', 'To', ''] }),
  signed('h= with a star', { names: ['From', '*'] }),
  signed('wrong key', { selector: 'other' }),
  signed('wrong kind of key: ed25519 for rsa', { selector: 'ed' }),
  signed('wrong kind of key: rsa for ed25519', { key: 'ed25519', selector: 'sel' }),
  signed('b= is not base64', {}, { line: withTag('b', '***') }),
  signed('b= is too short', {}, { line: withTag('b', 'YWJj') }),
  signed('bh= is too short', {}, { line: withTag('bh', 'YWJj') }),
  signed('bh= changed', {}, { line: withTag('bh', '3UbbJTudPxmejzh7U1Zg33U3QT+16kfV2eOTvMeiEis=') }),
];

const lengthCases: readonly DkimCase[] = [
  signed('l= of a part', { bodyLength: 20 }),
  signed('l= of a part, and more came', { bodyLength: 20 }, { body: `${BODY}footer\r\n` }),
  signed('l= of a part, which changed', { bodyLength: 20 }, { body: BODY.replace('Ann', 'Bob') }),
  signed('l= of all', { bodyLength: 44 }, {}),
  signed('l=0', { bodyLength: 0 }),
  signed('l=0, another body', { bodyLength: 0 }, { body: 'other\r\n' }),
  signed('l= longer than the body', { tags: { l: '5000' } }),
  signed('l= longer than the body, simple', { tags: { l: '5000' }, canonicalization: ['simple', 'simple'] }),
  signed('l= is no number', { tags: { l: 'many' } }),
  signed('l= is empty', { tags: { l: '' } }),
  signed('l= is negative', { tags: { l: '-1' } }),
  signed('l= within a line end', { bodyLength: 12 }),
  signed('l= with empty lines at the end', { bodyLength: 200, body: `${BODY}\r\n\r\n` }),
  signed('l= simple, a part', { bodyLength: 13, canonicalization: ['simple', 'simple'] }),
];

const keyCases: readonly DkimCase[] = [
  ...[
    'none',
    'broken',
    'plain',
    'revoked',
    'revokedbare',
    'nokey',
    'empty',
    'garbage',
    'notbase64',
    'notkey',
    'testing',
    'flags',
    'flagsspace',
    'flagsodd',
    'notes',
  ],
  ...[
    'granularity',
    'granularityother',
    'granularityempty',
    'hashes',
    'hashsha1',
    'hashother',
    'srvemail',
    'srvother',
    'srvlist',
    'srvstar',
    'ktype',
    'kupper',
  ],
  ...['version2', 'versionlate', 'unknowntag', 'repeatedtag', 'spaces', 'uppertags', 'nosemicolon', 'twostrings', 'cname', 'several'],
].map((selector) => signed(`key: ${selector}`, { selector }));

const edKeyCases: readonly DkimCase[] = [
  signed('ed25519: an rsa key in p=', { key: 'ed25519', selector: 'edbad' }),
  signed('ed25519: a short key', { key: 'ed25519', selector: 'edshort' }),
  signed(
    'ed25519: signature changed',
    { key: 'ed25519', selector: 'ed' },
    { headers: HEADERS.map((line) => line.replace('ann@', 'bob@')) },
  ),
];

const severalCases: readonly DkimCase[] = [
  several('two, both good', [{}, { key: 'ed25519', selector: 'ed' }]),
  several('two, both wrong', [{ selector: 'other' }, { selector: 'other', tags: { i: '@test.ex' } }]),
  several('two, keys of other kinds', [{ selector: 'ed' }, { selector: 'other' }]),
  several('two, one key malformed, one good', [{ selector: 'notkey' }, {}]),
  several('two, one wrong, one key missing', [{ selector: 'other' }, { selector: 'none' }]),
  several('two, one key missing, one wrong', [{ selector: 'none' }, { selector: 'other' }]),
  several('three, of which one is good', [{ selector: 'other' }, {}, { selector: 'notkey' }]),
  several('three, one of another body, two wrong', [{ body: 'x\r\n' }, { selector: 'other' }, { selector: 'notkey' }]),
  several('two domains', [{}, { domain: 'other.ex' }]),
  several('one good, one bad', [{}, { selector: 'other' }]),
  several('one bad, one good', [{ selector: 'none' }, { domain: 'other.ex' }]),
  several('minimal', [{}, { domain: 'other.ex' }], { options: 'dkim_verify_minimal\n' }),
  several('minimal, the first is bad', [{ selector: 'none' }, { domain: 'other.ex' }, { domain: 'sub.test.ex' }], {
    options: 'dkim_verify_minimal\n',
  }),
  several('several with identities', [{ tags: { i: 'joe@test.ex' } }, { domain: 'other.ex', tags: { i: '@other.ex' } }]),
  several('the same signature twice', [{}, {}]),
  several('signers: others', [{}], { options: 'dkim_verify_signers = paypal.com : $dkim_signers\n' }),
  several('signers: only others', [{}], { options: 'dkim_verify_signers = paypal.com\n' }),
  several('signers: empty', [{}], { options: 'dkim_verify_signers =\n' }),
  several('signers: twice', [{}], { options: 'dkim_verify_signers = test.ex : test.ex\n' }),
  several('signers: capitals', [{}], { options: 'dkim_verify_signers = TEST.EX\n' }),
  several('signers: identity', [{ tags: { i: 'joe@test.ex' } }], { options: 'dkim_verify_signers = joe@test.ex\n' }),
  several('signers: separator', [{}, { domain: 'other.ex' }], { options: 'dkim_verify_signers = <; other.ex ; test.ex\n' }),
  several('signers: fail', [{}], { options: 'dkim_verify_signers = ${if eq{a}{a}{fail.ex}fail}\n' }),
  several('signers: forced fail', [{}], { options: 'dkim_verify_signers = ${if eq{a}{b}{fail.ex}fail}\n' }),
  several('signers: cannot be expanded', [{}], { options: 'dkim_verify_signers = ${expand:\\${foo}}\n' }),
  {
    name: 'no signature, other signers',
    message: `${HEADERS.join('')}\r\n${BODY}`,
    options: 'dkim_verify_signers = paypal.com : $dkim_signers\n',
  },
  several(
    '19 signatures',
    Array.from({ length: 19 }, () => ({})),
  ),
  several(
    '20 signatures',
    Array.from({ length: 20 }, () => ({})),
  ),
  several(
    '21 signatures',
    Array.from({ length: 21 }, () => ({})),
  ),
  several(
    '2000 signatures',
    Array.from({ length: 2000 }, () => ({ names: ['From'], tags: { c: undefined, t: undefined } })),
  ),
];

const oddCases: readonly DkimCase[] = [
  signed('empty signature line', {}, { line: () => 'DKIM-Signature:\r\n' }),
  signed('signature of words', {}, { line: () => 'DKIM-Signature: no tags here\r\n' }),
  signed('only v=1', {}, { line: () => 'DKIM-Signature: v=1\r\n' }),
  signed('only semicolons', {}, { line: () => 'DKIM-Signature: ;;;;\r\n' }),
  signed('a very long header', { headers: [...HEADERS, `X-Long: ${'x'.repeat(60_000)}\r\n`] }),
  signed('a header of many lines', { headers: [...HEADERS, `X-Long: ${'x\r\n '.repeat(5000)}y\r\n`] }),
  signed('many headers', {
    headers: [...HEADERS, ...Array.from({ length: 400 }, (_, index) => `X-Many: ${index}\r\n`)],
    names: ['From', 'X-Many', 'X-Many'],
  }),
  signed('more headers', {
    headers: [...HEADERS, ...Array.from({ length: 600 }, (_, index) => `X-Many: ${index}\r\n`)],
    names: ['From', 'X-Many', 'X-Many'],
  }),
  signed('a line of 16000', { body: `${'x'.repeat(16_000)}\r\n` }),
  signed('a line of 17000', { body: `${'x'.repeat(17_000)}\r\n` }),
  signed('a long signature', { tags: { foo: 'x'.repeat(50_000) } }),
];

const aclCases: readonly DkimCase[] = [
  signed('deny', {}, {}, { acl: '  deny message = no thanks\n' }),
  signed('deny without a message', {}, {}, { acl: '  deny\n' }),
  signed('deny with log_message', {}, {}, { acl: '  deny message = no thanks\n    log_message = for the log\n' }),
  signed('defer', {}, {}, { acl: '  defer message = later\n' }),
  signed('drop', {}, {}, { acl: '  drop message = away\n' }),
  signed('discard', {}, {}, { acl: '  discard log_message = why\n' }),
  signed('discard without a message', {}, {}, { acl: '  discard\n' }),
  signed('require', {}, {}, { acl: '  require message = must\n    condition = no\n' }),
  signed('accept with a message', {}, {}, { acl: '  accept message = welcome\n' }),
  signed('warn with a message', {}, {}, { acl: '  warn message = X-Warned: yes\n' }),
  signed('add_header', {}, {}, { acl: '  warn add_header = X-Dkim: $dkim_verify_status\n' }),
  signed('remove_header', {}, {}, { acl: '  warn remove_header = subject\n' }),
  signed(
    'set status',
    {},
    {},
    {
      acl: '  warn set dkim_verify_status = fail\n    set dkim_verify_reason = because\n    logwrite = now $dkim_verify_status $dkim_verify_reason\n',
    },
  ),
  signed('set status to pass', {}, { body: 'x\r\n' }, { acl: '  warn set dkim_verify_status = pass\n' }),
  signed('set status to a word', {}, {}, { acl: '  warn set dkim_verify_status = great\n    set dkim_verify_reason = a reason\n' }),
  signed('set status to none', {}, {}, { acl: '  warn set dkim_verify_status = none\n' }),
  signed('set status empty', {}, {}, { acl: '  warn set dkim_verify_status =\n' }),
  signed('set status to invalid', {}, {}, { acl: '  warn set dkim_verify_status = invalid\n    set dkim_verify_reason = odd\n' }),
  signed('set the reason only', {}, {}, { acl: '  warn set dkim_verify_reason = odd\n' }),
  several('set of the first of two', [{}, { domain: 'other.ex' }], {
    acl: '  warn dkim_signers = test.ex\n    set dkim_verify_status = fail\n    set dkim_verify_reason = mine\n',
  }),
  several('deny for the second', [{}, { domain: 'other.ex' }], { acl: '  deny dkim_signers = other.ex\n    message = not you\n' }),
  several('dkim_status', [{}, { selector: 'none' }], {
    acl: '  warn dkim_status = pass\n    logwrite = passes\n  warn dkim_status = none:invalid:fail\n    logwrite = passes not\n  warn !dkim_status = pass\n    logwrite = negated\n  warn dkim_status = PASS\n    logwrite = capitals\n',
  }),
  several('dkim_status of nothing', [{}], {
    options: 'dkim_verify_signers = paypal.com\n',
    acl: '  warn dkim_status = none\n    logwrite = none it is\n',
  }),
  several('dkim_signers', [{ tags: { i: 'joe@test.ex' } }], {
    acl: '  warn dkim_signers = test.ex\n    logwrite = domain\n  warn dkim_signers = joe@test.ex\n    logwrite = identity\n  warn dkim_signers = TEST.ex : *.ex\n    logwrite = patterns\n  warn dkim_signers = !test.ex : *\n    logwrite = not domain\n  warn dkim_signers = ^t\n    logwrite = regex\n',
  }),
  signed('a forced fail', {}, {}, { acl: '  accept condition = ${if eq{a}{b}{x}fail}\n' }),
  signed('a broken expansion', {}, {}, { acl: '  accept condition = ${foo}\n' }),
  signed(
    'variables are tainted or not',
    {},
    {},
    { acl: '  warn logwrite = ${if exists{/tmp/$dkim_domain}{yes}{no}} ${lookup{$dkim_cur_signer}lsearch{/dev/null}{yes}{no}}\n' },
  ),
];

/** A comment: it stands in the place of the option. */
const NO_ACL = '# acl_smtp_dkim = unset\n';

const orderCases: readonly DkimCase[] = [
  several('kinds of keys in order', [{ domain: 'other.ex' }, { key: 'ed25519', selector: 'ed' }, { domain: 'sub.test.ex' }]),
  several('kinds of keys in the other order', [{ key: 'ed25519', selector: 'ed' }, { domain: 'other.ex' }], {
    options: 'dkim_verify_keytypes = rsa : ed25519\n',
  }),
  several('hashes in order', [{ algorithm: 'rsa-sha512' }, {}, { algorithm: 'rsa-sha512', domain: 'other.ex' }]),
  several('hashes and kinds of keys in order', [{ algorithm: 'rsa-sha512' }, {}, { key: 'ed25519', selector: 'ed' }], {
    options: 'dkim_verify_hashes = sha512 : sha256\n',
  }),
  several('some ignored', [{ algorithm: 'rsa-sha1' }, {}, { algorithm: 'rsa-sha1' }]),
  several(
    '25 of which 20 are ignored',
    Array.from({ length: 25 }, (_, index) => (index < 20 ? { algorithm: 'rsa-sha1' } : {})),
  ),
];

const noAclCases: readonly DkimCase[] = [
  signed('no ACL', {}, {}, { options: NO_ACL }),
  signed('no ACL, body changed', {}, { body: 'x\r\n' }, { options: NO_ACL }),
  signed('no ACL, no key', { selector: 'none' }, {}, { options: NO_ACL }),
  signed('no ACL, no domain', {}, { line: withTag('d', undefined) }, { options: NO_ACL }),
  several('no ACL, two', [{}, { domain: 'other.ex' }], { options: NO_ACL }),
  several('no ACL, one bad', [{}, { selector: 'none', domain: 'other.ex' }], { options: NO_ACL }),
  several('no ACL, minimal', [{}, { domain: 'other.ex' }], { options: `${NO_ACL}dkim_verify_minimal\n` }),
  several('no ACL, other signers', [{}], { options: `${NO_ACL}dkim_verify_signers = paypal.com\n` }),
  several('no ACL, identities', [{ tags: { i: 'joe@test.ex' } }], { options: NO_ACL }),
  signed('no ACL, no dkim_verbose', {}, {}, { options: `${NO_ACL}log_selector = -dkim_verbose\n` }),
  signed('an ACL of an empty expansion', {}, {}, { options: 'acl_smtp_dkim = ${if eq{a}{b}{x}}\n' }),
  signed('an ACL of a forced failure', {}, {}, { options: 'acl_smtp_dkim = ${if eq{a}{b}{x}fail}\n' }),
  signed('an ACL that is not there', {}, {}, { options: 'acl_smtp_dkim = nowhere\n' }),
  several('signers: of the sender', [{}], { options: 'dkim_verify_signers = $sender_address_domain : $dkim_signers\n' }),
  signed('only domain missing, other signers', {}, { line: withTag('d', undefined) }, { options: 'dkim_verify_signers = test.ex\n' }),
];

const moreCases: readonly DkimCase[] = [
  signed('d= twice before signing', { shape: (line) => line.replace('d=test.ex', 'd=other.ex; d=test.ex') }),
  signed('c= twice before signing', { shape: (line) => line.replace('c=relaxed/relaxed', 'c=simple/simple; c=relaxed/relaxed') }),
  signed('h= twice before signing', { shape: (line) => line.replace('h=', 'h=To; h=') }),
  signed('b= twice before signing', { shape: (line) => line.replace('h=', 'b=abcd; h=') }),
  signed(
    'lines end with LF',
    {},
    {
      line: (line) => line.replaceAll('\r\n', '\n'),
      headers: HEADERS.map((line) => line.replaceAll('\r\n', '\n')),
      body: BODY.replaceAll('\r\n', '\n'),
    },
  ),
  signed(
    'a header changed, not verbose',
    {},
    { headers: HEADERS.map((line) => line.replace('ann@', 'bob@')) },
    { options: 'log_selector = -dkim_verbose\n' },
  ),
  signed('no key, not verbose', { selector: 'none' }, {}, { options: 'log_selector = -dkim_verbose\n' }),
  ...[16380, 16381, 16382, 16383].flatMap((length) => [
    signed(`a body line of ${length}`, { body: `a\r\n${'x'.repeat(length)}\r\nb\r\n` }),
  ]),
  signed('a long body line, simple', { canonicalization: ['simple', 'simple'], body: `${'x'.repeat(16_390)}\r\n` }),
  signed('a long body line behind l=', { bodyLength: 10, body: `${BODY}${'x'.repeat(16_390)}\r\n` }),
  signed('a long body line of spaces', { body: `x${' '.repeat(16_390)}y\r\n` }),
  { name: 'a long body line without signature', message: `${HEADERS.join('')}\r\n${'x'.repeat(17_000)}\r\n` },
  signed('a header of 65000', { headers: [...HEADERS, `X-Long: ${'x'.repeat(64_990)}\r\n`] }),
  signed('a header of 66000', { headers: [...HEADERS, `X-Long: ${'x'.repeat(66_000)}\r\n`] }),
  signed('a signature of 66000', { tags: { foo: 'x'.repeat(66_000) } }),
  signed('t=y in the key, and wrong', { selector: 'testing' }, { headers: HEADERS.map((line) => line.replace('ann@', 'bob@')) }),
  signed('set in the data ACL', {}, {}, { options: 'acl_smtp_data = warn set dkim_verify_status = fail\n' }),
  signed('set in the RCPT ACL', {}, {}, { options: 'acl_smtp_rcpt = accept set dkim_verify_status = fail\n' }),
  signed('dkim_signers in the data ACL', {}, {}, { options: 'acl_smtp_data = accept dkim_signers = test.ex\n' }),
  signed('disabled in the data ACL', {}, {}, { options: 'acl_smtp_data = accept control = dkim_disable_verify\n' }),
  signed(
    'a nested ACL sets',
    {},
    {},
    { acl: '  warn acl = setter\n  accept\nsetter:\n  accept set dkim_verify_status = fail\n    set dkim_verify_reason = nested\n' },
  ),
  signed('freeze', {}, {}, { acl: '  warn control = freeze\n' }),
  signed('queue', {}, {}, { acl: '  warn control = queue\n' }),
  signed('fakereject', {}, {}, { acl: '  warn control = fakereject\n' }),
  signed('condition of the body', {}, {}, { acl: '  warn logwrite = $message_size $message_linecount $message_body $body_linecount\n' }),
  signed(
    'header in the ACL',
    {},
    {},
    { acl: '  warn logwrite = $h_subject: $rh_to: $recipients $recipients_count $sender_address $received_protocol\n' },
  ),
  signed(
    'dkim_status list',
    { selector: 'none' },
    {},
    {
      acl: '  warn dkim_status = <; pass ; invalid\n    logwrite = semicolons\n  warn dkim_status = !invalid : pass\n    logwrite = not invalid\n  warn dkim_status = inv*\n    logwrite = star\n  warn dkim_status =\n    logwrite = empty\n  warn dkim_status = ${if eq{a}{b}{x}fail}\n    logwrite = forced\n',
    },
  ),
];

/** What may stand in the ACL, and what may not. */
const permissionCases: readonly DkimCase[] = [
  ...['allow_auth_unadvertised', 'caseful_local_part', 'cutthrough_delivery', 'enforce_sync', 'fakedefer', 'no_mbox_unspool'],
  ...[
    'no_multiline_responses',
    'no_delay_flush',
    'no_callout_flush',
    'no_pipelining',
    'submission',
    'suppress_local_fixups',
    'utf8_downconvert',
  ],
]
  .map((control) => signed(`control = ${control}`, {}, {}, { acl: `  warn control = ${control}\n` }))
  .concat(
    [
      'recipients = *',
      'domains = *',
      'local_parts = *',
      'senders = *',
      'sender_domains = *',
      'hosts = :',
      'authenticated = *',
      'encrypted = *',
    ].map((condition) => signed(`condition ${condition}`, {}, {}, { acl: `  warn ${condition}\n` })),
  )
  .concat(
    [
      'verify = sender',
      'verify = recipient',
      'verify = header_syntax',
      'verify = helo',
      'verify = not_blind',
      'verify = header_names_ascii',
      'delay = 0s',
      'seen = never',
    ].map((condition) => signed(`condition ${condition}`, {}, {}, { acl: `  warn ${condition}\n    logwrite = true\n` })),
  );

/** Line ends that are none in messages over SMTP. */
const lineEndCases: readonly DkimCase[] = [
  signed('a line that is no header line ends the header', {}, { headers: [...HEADERS, 'no header line\r\n', 'Subject: another\r\n'] }),
  { name: 'only a header', message: `${signatureLine({ ...BASE, body: '' })}${HEADERS.join('')}` },
  signed('d= with control characters', { domain: 'a\x1b[31m%n\x07.ex' }),
  signed('d= in UTF-8', { domain: 'b\xc3\xbccher.ex' }),
  signed('d= that is not UTF-8', { domain: 'b\xfccher.ex' }),
  signed('i= with high octets', { tags: { i: 'j=E4=0A@test.ex' } }),
  signed('a bare CR in the header', {}, { headers: [...HEADERS.slice(0, 4), 'Message-ID: <1234@test.ex>\r\n\r hack\r\n'] }),
  signed(
    'a bare CR in the middle of a header line',
    {},
    { headers: [...HEADERS.slice(0, 4), 'Message-ID: <1234@test.ex>\r\n', 'X-New: a\rb\r\n'] },
  ),
  signed('a bare CR in the body', {}, { body: BODY.replace('Ann', 'A\rnn') }),
  signed('a bare LF in the body', {}, { body: BODY.replace('Ann', 'A\nnn') }),
  signed('a bare CR in the body, signed as newline', { body: BODY.replace('Ann', 'A\r\nnn') }, { body: BODY.replace('Ann', 'A\rnn') }),
  signed('a bare CR in the body, signed as it is', { body: BODY.replace('Ann', 'A\rnn') }),
  signed('a bare LF in the body, signed as newline', { body: BODY.replace('Ann', 'A\r\nnn') }, { body: BODY.replace('Ann', 'A\nnn') }),
  signed('a bare LF in the body, signed as space', { body: BODY.replace('Ann', 'A nn') }, { body: BODY.replace('Ann', 'A\nnn') }),
];

const disabledCases: readonly DkimCase[] = [
  signed('disabled in RCPT', {}, {}, { options: 'acl_smtp_rcpt = accept control = dkim_disable_verify\n' }),
  signed('disabled in predata', {}, {}, { options: 'acl_smtp_predata = accept control = dkim_disable_verify\n' }),
  signed(
    'disabled, other signers',
    {},
    {},
    { options: 'dkim_verify_signers = paypal.com\nacl_smtp_predata = accept control = dkim_disable_verify\n' },
  ),
  signed('no dkim_verbose', {}, {}, { options: 'log_selector = -dkim_verbose\n' }),
  signed('no dkim', {}, {}, { options: 'log_selector = -dkim\n' }),
];

export const dkimCases: readonly DkimCase[] = [
  ...goodCases,
  ...tagCases,
  ...whitespaceCases,
  ...changedCases,
  ...lengthCases,
  ...keyCases,
  ...edKeyCases,
  ...severalCases,
  ...oddCases,
  ...aclCases,
  ...orderCases,
  ...noAclCases,
  ...moreCases,
  ...permissionCases,
  ...lineEndCases,
  ...disabledCases,
];

const VARIABLES = [
  'cur_signer',
  'verify_status',
  'verify_reason',
  'domain',
  'identity',
  'selector',
  'algo',
  'canon_body',
  'canon_headers',
  'copiedheaders',
  'bodylength',
  'created',
  'expires',
  'headernames',
  'key_testing',
  'key_nosubdomains',
  'key_srvtype',
  'key_granularity',
  'key_notes',
  'key_length',
  'signers',
];

function shown(label: string): string {
  return `  warn logwrite = ${label} ${VARIABLES.map((name) => `${name}=<$dkim_${name}>`).join(' ')}\n`;
}

/** A case may set what all have. */
function withDefaults(options: string): string {
  const defaults = ['primary_hostname = host.test.ex', 'acl_smtp_dkim = check_dkim', 'acl_smtp_data = check_data'];
  return [...defaults.filter((line) => !options.includes(line.replace(/ .*/, ' ='))), options].join('\n');
}

/** The case as a session on standard input. */
export function dkimSubmission({ name, message, options = '', acl = '' }: DkimCase): SubmissionCase {
  const selector = options.includes('log_selector')
    ? options.replace('log_selector = ', 'log_selector = +dkim_verbose ')
    : `log_selector = +dkim_verbose\n${options}`;
  const dotted = message.replace(/(^|\n)\./g, '$1..');
  return {
    name,
    args: ['-bs'],
    stdin: `EHLO client.test.ex\r\nMAIL FROM:<joe@test.ex>\r\nRCPT TO:<ann@elsewhere.ex>\r\nDATA\r\n${dotted}.\r\nQUIT\r\n`,
    main: withDefaults(selector),
    acl: `check_dkim:
${shown('dkim')}${acl}  accept
check_data:
${shown('data')}  warn logwrite = \${authresults{host.test.ex}}
  warn logwrite = added <$header_x-dkim:$header_x-warned:> subject <$header_subject:>
  accept
`,
  };
}
