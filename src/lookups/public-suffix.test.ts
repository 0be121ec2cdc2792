import { octetsFromUnicode } from '../base/octets.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { fakeServices, testFrame } from '../system/fakes/services.ts';
import psl from './drivers/psl.ts';
import regdom from './drivers/regdom.ts';
import { lookupCases } from './lookup-cases.ts';

const list = octetsFromUnicode(`// comment
com.ac
aero  text after the rule
aerobatic.aero
*.ck
!www.ck
zabc.net
*.wildcard.zabc.net
jp
三重.jp
`);

/** Domain, public suffix, registered domain. */
const cases: readonly (readonly [domain: string, suffix: string | undefined, registered: string | undefined])[] = [
  ['spammer.k12.edu', undefined, undefined],
  ['aero', undefined, undefined],
  ['aerobatic.aero', 'aero', 'aerobatic.aero'],
  ['bill.aerobatic.aero', 'aerobatic.aero', 'bill.aerobatic.aero'],
  ['aerobatic.AERO', 'aero', 'aerobatic.aero'],
  ['aero.prefixaero', undefined, undefined],
  ['foo.wildcard.zabc.net', 'foo.wildcard.zabc.net', undefined],
  ['baz.foo.wildcard.zabc.net', 'foo.wildcard.zabc.net', 'baz.foo.wildcard.zabc.net'],
  ['w3.ck', 'w3.ck', undefined],
  ['www.ck', 'ck', 'www.ck'],
  ['foo.www.ck', 'ck', 'www.ck'],
  ['sub1.三重.jp', '三重.jp', 'sub1.三重.jp'],
  ['三重.三重.jp', '三重.jp', '三重.三重.jp'],
  ['sub1.xn--ehqz56n.jp', 'xn--ehqz56n.jp', 'sub1.xn--ehqz56n.jp'],
];

const octets = (text: string | undefined) => (text === undefined ? undefined : octetsFromUnicode(text));

lookupCases(
  [psl, regdom],
  (lookups) => testFrame({ services: fakeServices({ lookups, files: new MemoryFiles({ files: { '/psl': list } }) }) }),
  cases.flatMap(([domain, suffix, registered]) => [
    { type: 'psl', file: '/psl', key: octetsFromUnicode(domain), found: octets(suffix) },
    { type: 'regdom', file: '/psl', key: octetsFromUnicode(domain), found: octets(registered) },
  ]),
);
