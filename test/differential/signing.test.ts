/** DKIM-Signature: lines are those of Exim 4.96, octet by octet (`signing.tsv`, written by `signing.ts`), and our verifier and mailauth take them. */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { type SignatureRequest, signMessage } from '../../src/checks/dkim/sign.ts';
import { keyRecord, privatePem, type TestKey } from '../../src/checks/dkim/signing-fixture.ts';
import { type DkimOptions, DkimVerifier } from '../../src/checks/dkim/verifier.ts';
import type { DnsAnswer } from '../../src/core/index.ts';
import { makeHeader } from '../../src/message/header.ts';
import { type SigningCase, signingCases } from './signing-cases.ts';

const VERIFYING: DkimOptions = {
  dkim_verify_hashes: 'sha256 : sha512 : sha1',
  dkim_verify_keytypes: 'ed25519 : rsa',
  dkim_verify_min_keysizes: 'rsa=512 ed25519=250',
  dkim_verify_minimal: false,
};

const expected = new Map(
  readFileSync(join(import.meta.dirname, 'signing.tsv'), 'utf8')
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split('\t') as [string, string]), // the program that writes the table gives a row two fields
);

function requestsOf({ domains, selectors, key, canon, hash, names, identity }: SigningCase): SignatureRequest[] {
  const shared = { identity, form: canon, hash, key: createPrivateKey(privatePem(key)), names, times: undefined };
  return domains.flatMap((domain) => selectors.map((selector) => ({ ...shared, domain, selector })));
}

async function signed(each: SigningCase): Promise<readonly string[]> {
  const body = Buffer.from(each.body, 'latin1');
  const half = Math.floor(body.length / 2);
  const result = await signMessage(each.header, [body.subarray(0, half), body.subarray(half)], requestsOf(each));
  assert.ok(result.kind === 'ok', each.name);
  return result.lines;
}

test('signatures are those of Exim', async () => {
  assert.equal(new Set(signingCases.map(({ name }) => name)).size, signingCases.length, 'names are given once');
  for (const each of signingCases) {
    const row = expected.get(each.name);
    assert.ok(row, `"${each.name}" is in the table`);
    assert.equal((await signed(each)).join(''), JSON.parse(row), each.name);
  }
});

/** Each signature by itself, as verifiers have limits. */
async function* messages(): AsyncGenerator<{
  readonly name: string;
  readonly key: TestKey;
  readonly header: string;
  readonly body: string;
}> {
  for (const each of signingCases) {
    if (each.names.includes('DKIM-Signature')) continue; // its absence is signed, and other lines of this message have it
    for (const line of await signed(each)) yield { ...each, header: line + each.header };
  }
}

test('our verifier takes them', async () => {
  for await (const { name, key, header, body } of messages()) {
    const headers = header.split(/(?<=\n)(?![ \t])/).map(makeHeader);
    const answer: DnsAnswer = {
      kind: 'found',
      name: '',
      records: [{ type: 'TXT', name: '', ttl: 0, chunks: [keyRecord(key)] }],
      isAuthenticated: false,
      isAuthoritative: false,
    };
    const verifier = DkimVerifier.begin(headers, VERIFYING, () => answer);
    verifier?.push(Buffer.from(body, 'latin1'));
    const result = await verifier?.finish();
    assert.ok(result?.kind === 'verified', name);
    assert.deepEqual(
      result.signatures.map(({ finding }) => finding),
      ['pass'],
      name,
    );
  }
});

/** It wants 1024 bits and has no SHA-512. */
test('mailauth takes them', async () => {
  for await (const { name, key, header, body } of messages()) {
    if (key === 'rsa512' || header.includes('-sha512;')) continue;
    const message = Buffer.from(`${header}\n${body}`.replaceAll('\n', '\r\n'), 'latin1');
    const { results } = await dkimVerify(message, { resolver: async () => [[keyRecord(key)]] });
    assert.deepEqual(
      results.map(({ status }) => status.result),
      ['pass'],
      `${name}: ${results[0]?.status.comment}`,
    );
  }
});
