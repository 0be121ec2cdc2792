/**
 * DKIM signatures of a message on its way out: what the options ask for, the keys, and what is logged when it cannot be signed. Spec ch. 58 "Signing
 * outgoing messages".
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { BoundedCache } from '../../base/bounded-cache.ts';
import { parseList } from '../../base/list-text.ts';
import { equalsIgnoreCase, lowerCase, type Octets, octetsFromBytes, octetsFromText } from '../../base/octets.ts';
import type { SignatureRequest } from '../../checks/dkim/sign.ts';
import type { HashName } from '../../checks/dkim/signature.ts';
import type { Template } from '../../core/config.ts';
import { DKIM_SIGN_HEADERS } from '../../core/dkim.ts';
import type { DeliveryBatch } from '../../core/drivers.ts';
import { type Frame, withLocal } from '../../core/frame.ts';
import type { Body } from '../../core/message.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { FileFacts, HostItem } from '../../core/ports.ts';
import { isUsablePath } from '../../core/taint.ts';
import { emptyText, sameSpans, type Text } from '../../core/text.ts';
import { splitText } from '../../lists/items.ts';
import { errnoNumber, type Failing } from '../errno.ts';
import type { SmtpOptions } from './options.ts';

const HASHES: ReadonlyMap<Octets, HashName> = new Map([
  ['sha1', 'sha1'],
  ['sha256', 'sha256'],
  ['sha512', 'sha512'],
]);

const MAX_KEY_OCTETS = 64 * 1024;
const MAX_KEPT_KEYS = 64;

export interface Content {
  readonly headers: readonly Octets[] | undefined;
  readonly body: Body | undefined;
}

export type Signing =
  /** `signers`, for the log: `test.ex:sel`. Without lines, the message goes out as it is. */
  | { readonly kind: 'ok'; readonly lines: readonly Octets[]; readonly signers: Octets | undefined }
  /** `dkim_strict`. */
  | { readonly kind: 'failing'; readonly failing: Failing };

const UNSIGNED: Signing = { kind: 'ok', lines: [], signers: undefined };

/** It cannot be signed; the log has been told. `reason` goes into the deferral. */
class Unsignable extends Error {
  readonly reason: Octets | undefined;

  constructor(reason?: Octets) {
    super(reason ?? 'not signed');
    this.reason = reason;
  }
}

/** Signs for one transport, and keeps its keys. */
export class MessageSigner {
  readonly #set: SmtpOptions;
  readonly #keys = new BoundedCache<Octets, { readonly facts: FileFacts; readonly key: KeyObject }>(MAX_KEPT_KEYS);

  constructor(set: SmtpOptions) {
    this.#set = set;
  }

  /** `content` is what is sent; a message without its header is not signed. */
  async sign(batch: DeliveryBatch, frame: Frame, host: HostItem, content: Content): Promise<Signing> {
    const { dkim_domain, dkim_selector, dkim_private_key } = this.#set;
    if (dkim_domain === undefined || dkim_selector === undefined || dkim_private_key === undefined) return UNSIGNED;
    if (content.headers === undefined) return UNSIGNED;
    const wishes = new Wishes(this.#set, batch, frame, (path) => this.#keyOf(path, batch));
    try {
      const requests = await wishes.requests(dkim_domain, dkim_selector, dkim_private_key);
      if (requests.length === 0) return UNSIGNED;
      const { signMessage } = await import('../../checks/dkim/sign.ts');
      const signed = await signMessage(content.headers.join(''), bodyParts(content.body, batch), requests);
      if (signed.kind === 'failing') throw wishes.report(`signing: ${octetsFromText(signed.reason)}`, 'SIGNING');
      return { kind: 'ok', lines: signed.lines, signers: requests.map(({ domain, selector }) => `${domain}:${selector}`).join(':') };
    } catch (error) {
      if (!(error instanceof Unsignable)) throw error;
      return (await wishes.areStrict()) ? deferral(batch, host, error.reason) : UNSIGNED;
    }
  }

  async #keyOf(path: Octets, { services: { files } }: DeliveryBatch): Promise<ReadKey> {
    const facts = files.stat(path);
    if (facts.kind !== 'ok') return { kind: 'unopened' };
    const kept = this.#keys.get(path);
    if (kept !== undefined && isSameVersion(kept.facts, facts.value)) return { kind: 'ok', key: kept.key };
    const read = await files.readFileAsync(path, MAX_KEY_OCTETS);
    if (read.kind !== 'ok') return { kind: read.errno === 'EISDIR' || read.errno === 'EFBIG' ? 'unread' : 'unopened' };
    const parsed = parseKey(octetsFromBytes(read.value));
    if (parsed.kind === 'ok') this.#keys.set(path, { facts: facts.value, key: parsed.key });
    return parsed;
  }
}

type ReadKey =
  | { readonly kind: 'ok'; readonly key: KeyObject }
  | { readonly kind: 'unopened' }
  | { readonly kind: 'unread' }
  | { readonly kind: 'malformed'; readonly reason: Octets };

function isSameVersion(known: FileFacts, now: FileFacts): boolean {
  return (
    known.inode === now.inode &&
    known.device === now.device &&
    known.sizeBytes === now.sizeBytes &&
    known.mtimeNs === now.mtimeNs &&
    known.ctimeNs === now.ctimeNs
  );
}

/** Also of an armour whose line breaks an expansion has lost. */
function parseKey(pem: Octets): ReadKey {
  const [, label, base64] = /-----BEGIN ([A-Z ]+)-----[ \t]*([A-Za-z0-9+/=]+)[ \t]*-----END \1-----/.exec(pem) ?? [];
  try {
    return {
      kind: 'ok',
      key: createPrivateKey(base64 === undefined ? pem : `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`),
    };
  } catch (error) {
    return { kind: 'malformed', reason: octetsFromText(error instanceof Error ? error.message : String(error)) };
  }
}

function bodyParts(body: Body | undefined, { until }: DeliveryBatch): AsyncIterable<Buffer> | Iterable<Buffer> {
  if (body === undefined) return [];
  return body.bytes === undefined ? body.chunks(until) : [body.bytes];
}

function deferral({ services: { log }, message }: DeliveryBatch, host: HostItem, reason: Octets | undefined): Signing {
  log.main('DKIM: message could not be signed, and dkim_strict is set. Deferring message delivery.', message.id);
  const name = `${host.name} [${host.address ?? ''}]`;
  return {
    kind: 'failing',
    failing: {
      number: errnoNumber('EACCES'),
      reason: 'Permission denied',
      message: reason === undefined ? name : `smtp send to ${name} failed: ${reason}`,
    },
  };
}

/** What the options ask for, expanded for each domain and selector. */
class Wishes {
  readonly #set: SmtpOptions;
  readonly #batch: DeliveryBatch;
  readonly #keyOf: (path: Octets) => Promise<ReadKey>;
  /** With `$dkim_domain` and `$dkim_selector`. */
  #frame: Frame;

  constructor(set: SmtpOptions, batch: DeliveryBatch, frame: Frame, keyOf: (path: Octets) => Promise<ReadKey>) {
    this.#set = set;
    this.#batch = batch;
    this.#frame = frame;
    this.#keyOf = keyOf;
  }

  async requests(domains: Template, selectors: Template, key: Template): Promise<SignatureRequest[]> {
    const requests: SignatureRequest[] = [];
    const frame = this.#frame;
    for (const domain of itemsOf(await this.#expand('dkim_domain', domains))) {
      const ofDomain = withLocal(frame, 'dkim_domain', sameSpans(lowerCase(domain.octets), domain));
      this.#frame = ofDomain;
      for (const selector of itemsOf(await this.#expand('dkim_selector', selectors))) {
        this.#frame = withLocal(ofDomain, 'dkim_selector', selector);
        const request = await this.#request(lowerCase(domain.octets), selector.octets, key);
        if (request !== undefined) requests.push(request);
      }
    }
    return requests;
  }

  async areStrict(): Promise<boolean> {
    const expanded = await this.#set.dkim_strict?.evaluate(this.#frame);
    return expanded?.kind === 'ok' && (expanded.value.octets === '1' || equalsIgnoreCase(expanded.value.octets, 'true'));
  }

  /** Undefined: not with this key. */
  async #request(domain: Octets, selector: Octets, keyTemplate: Template): Promise<SignatureRequest | undefined> {
    const keyText = await this.#expand('dkim_private_key', keyTemplate);
    if (keyText.octets === '' || keyText.octets === '0' || equalsIgnoreCase(keyText.octets, 'false')) return undefined;
    return {
      domain,
      selector,
      form: await this.#form(),
      names: await this.#names(),
      hash: await this.#hash(),
      key: await this.#key(keyText),
      identity: (await this.#optional('dkim_identity', this.#set.dkim_identity))?.octets || undefined,
      times: await this.#times(),
    };
  }

  async #form(): Promise<SignatureRequest['form']> {
    const form = (await this.#optional('dkim_canon', this.#set.dkim_canon))?.octets ?? 'relaxed';
    if (form === 'simple') return 'simple';
    const { services, message } = this.#batch;
    if (form !== 'relaxed') services.log.main(`DKIM: unknown canonicalization method '${form}', defaulting to 'relaxed'.`, message.id);
    return 'relaxed';
  }

  /** As in Exim, where the option is told of as `dkim_sign_header`. */
  async #names(): Promise<readonly Octets[]> {
    const list = (await this.#optional('dkim_sign_header', this.#set.dkim_sign_headers))?.octets || DKIM_SIGN_HEADERS;
    return parseList(list).items.filter((name) => name !== '');
  }

  async #hash(): Promise<HashName> {
    const name = (await this.#optional('dkim_hash', this.#set.dkim_hash))?.octets ?? 'sha256';
    const hash = HASHES.get(name);
    if (hash !== undefined) return hash;
    this.#panic(`DKIM: unrecognised hashname '${name}'`);
    throw new Unsignable();
  }

  async #times(): Promise<SignatureRequest['times']> {
    const seconds = await this.#optional('dkim_timestamps', this.#set.dkim_timestamps);
    if (seconds === undefined) return undefined;
    const created = Math.floor(this.#batch.services.clock.now() / 1000);
    return { created, expires: created + Number.parseInt(/^-?[0-9]{1,15}/.exec(seconds.octets)?.[0] ?? '0', 10) };
  }

  /** What begins with a slash is a file; else it is the key itself. */
  async #key(text: Text): Promise<KeyObject> {
    const read = text.octets.startsWith('/') ? await this.#keyFile(text) : parseKey(text.octets);
    if (read.kind === 'malformed') throw this.report(`signing_init: privkey PEM-block import: ${read.reason}`, 'PRIVKEY');
    if (read.kind !== 'ok') {
      this.#panic(`unable to ${read.kind === 'unread' ? 'read file' : 'open file for reading'}: ${text.octets}`);
      throw new Unsignable();
    }
    const { keyTypeOf } = await import('../../checks/dkim/sign.ts');
    if (keyTypeOf(read.key) === undefined) {
      throw this.report(`signing_init: Unhandled key type: '${read.key.asymmetricKeyType ?? ''}'`, 'PRIVKEY');
    }
    return read.key;
  }

  #keyFile(path: Text): ReadKey | Promise<ReadKey> {
    if (isUsablePath(path, this.#frame.config)) return this.#keyOf(path.octets);
    this.#panic(`Tainted filename '${path.octets}'`);
    return { kind: 'unopened' };
  }

  /** Says what went wrong with a key. */
  report(line: Octets, what: 'PRIVKEY' | 'SIGNING'): Unsignable {
    this.#panic(line);
    this.#panic(`DKIM: signing failed: ${what}`);
    return new Unsignable(line.slice(line.indexOf(': ') + 2));
  }

  async #optional(name: Octets, template: Template | undefined): Promise<Text | undefined> {
    return template === undefined ? undefined : this.#expand(name, template);
  }

  /** A forced failure is one like any other. */
  async #expand(name: Octets, template: Template): Promise<Text> {
    const expanded: Outcome<Text> = await template.evaluate(this.#frame);
    if (expanded.kind === 'ok') return expanded.value;
    const reason = `failed to expand ${name}: ${expanded.message ?? '"fail" requested'}`;
    this.#panic(reason);
    throw new Unsignable(reason);
  }

  #panic(line: Octets): void {
    this.#batch.services.log.panic(line, this.#batch.message.id);
  }
}

/** Those that say something. */
function itemsOf(list: Text): readonly Text[] {
  return splitText(list.octets === '' ? emptyText : list).filter(({ octets }) => octets !== '');
}
