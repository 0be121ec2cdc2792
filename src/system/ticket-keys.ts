/**
 * Keys of TLS session tickets: all processes that have the secret have the same, another each hour, and nothing is ever stored. RFC 5077 s4, s5.5;
 * Spec ch. 43 "TLS Resumption".
 */

/** How long a session may be resumed. */
export const TICKET_LIFETIME_SECONDS = 7200;

const PERIOD_MS = 3_600_000;
const SECRET_BYTES = 32;
/** A name, a key for HMAC and one for AES, 16 octets each: what Node takes. */
const KEY_BYTES = 48;
const VARIABLE = 'EXIMIUS_TICKET_SECRET';

export class TicketKeys {
  readonly #secret: Buffer;

  /** Without a secret of the daemon the tickets are good for this process only. */
  constructor(secret: Buffer = loadCrypto().randomBytes(SECRET_BYTES)) {
    this.#secret = secret;
  }

  /** Which key holds now. A ticket of another period is none: the handshake is then a whole one. */
  period(nowMs: number): number {
    return Math.floor(nowMs / PERIOD_MS);
  }

  ofPeriod(period: number): Buffer {
    return Buffer.from(loadCrypto().hkdfSync('sha256', this.#secret, '', `session tickets ${period}`, KEY_BYTES));
  }
}

/** For the environment of processes that share one secret: readable for their user only, unlike arguments. */
export function newTicketSecret(): Readonly<Record<string, string>> {
  return { [VARIABLE]: loadCrypto().randomBytes(SECRET_BYTES).toString('hex') };
}

/** Takes it out of the environment again, so that nothing that is started from here has it. */
export function takeTicketSecret(): Buffer | undefined {
  const text = process.env[VARIABLE];
  delete process.env[VARIABLE];
  const secret = Buffer.from(text ?? '', 'hex');
  return secret.length === SECRET_BYTES ? secret : undefined;
}

function loadCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
