/** `${hmac{hash}{secret}{string}}`. Spec ch. 11 "Expansion items", RFC 2104. */
import { createHmac } from 'node:crypto';
import { bytesFromOctets } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { fail } from '../../core/outcome.ts';
import { derived, emptyText } from '../../core/text.ts';
import { eager } from '../branches.ts';

const HASHES: ReadonlySet<string> = new Set(['md5', 'sha1']);

export default defineItem({
  name: 'hmac',
  summary: 'A message authentication code in hex; the hash is md5 or sha1.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${hmac{md5}{somesecret}{mail.example.com 2002-10-17 11:30:59}}', 'dd97e3ba5d1a61b5006108f8c8252953'],
    ['${hmac{sha1}{a}{b}}', '6657855686823986c874362731139752014cb60b'],
    ['${hmac{foo}{a}{b}}', { kind: 'fail', message: 'hmac algorithm "foo" is not recognised' }],
  ],
  arguments: [{ kind: 'strings', min: 3, max: 3 }],
  compile: eager(([hash = emptyText, secret = emptyText, text = emptyText]) => {
    if (!HASHES.has(hash.octets)) return fail(`hmac algorithm "${hash.octets}" is not recognised`);
    const code = createHmac(hash.octets, bytesFromOctets(secret.octets)).update(bytesFromOctets(text.octets)).digest('hex');
    return derived(code, secret, text);
  }),
});
