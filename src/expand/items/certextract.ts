/** `${certextract{field}{$certificate}{yes}{no}}`. Spec ch. 11 "Expansion items". */
import type { Octets } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import type { Frame } from '../../core/frame.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { fail, type NotOk } from '../../core/outcome.ts';
import { tainted } from '../../core/text.ts';
import { formatZone, isUtcZone } from '../../message/date.ts';
import { certificateField } from '../../system/certificate-fields.ts';
import { takeFound, takeNotFound } from '../branches.ts';
import { CERTIFICATES } from '../certificates.ts';
import { expandText } from '../expander.ts';

export default defineItem({
  name: 'certextract',
  summary:
    'A field of a certificate: version, serial_number, subject, issuer, notbefore, notafter, sig_algorithm, signature, subj_altname, ocsp_uri or crl_uri, with modifiers behind commas.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${certextract}', { kind: 'fail', message: "missing '{' for field arg of certextract" }],
    ['${certextract{version}{$tls_in_ourcert}{y}{n}}', 'n'],
    ['${certextract{version}{abc}}', { kind: 'fail', message: 'second argument of "certextract" must be a certificate variable' }],
    ['${certextract{version}{$primary_hostname}}', { kind: 'fail', message: '"primary_hostname" is not a certificate' }],
    ['${certextract{version}{$nosuch}}', { kind: 'fail', message: 'no variable named "nosuch"' }],
  ],
  arguments: [
    { kind: 'string', label: 'field arg' },
    { kind: 'string', label: 'cert variable arg', isDollarLiteral: true },
    { kind: 'branches' },
  ],
  compile: ([field, variable, branches]) => {
    const written = variable.constant?.octets;
    const name = written?.startsWith('$') ? written.slice(1) : undefined;
    return (frame) =>
      chainOk(field.evaluate(frame), ({ octets }) => {
        if (written === undefined) return variable.evaluate(frame); // it could not be parsed
        const certificate = name === undefined ? undefined : CERTIFICATES.get(name);
        if (!certificate) return noCertificate(name, frame);
        const der = certificate(frame);
        const found = der && fieldOf(der, octets, frame);
        if (found === undefined) return takeNotFound(branches, frame);
        return typeof found === 'string' ? takeFound(branches, tainted(found), frame) : found;
      });
  },
});

async function noCertificate(name: Octets | undefined, frame: Frame): Promise<NotOk> {
  if (name === undefined) return fail('second argument of "certextract" must be a certificate variable');
  const isVariable = /^[a-z][a-z0-9_]*$/.test(name) && !/^(?:acl_|r_|[rbl]?h(?:eader)?_)/.test(name);
  const known = isVariable && (await expandText(`\${${name}}`, frame)).kind === 'ok';
  return fail(known ? `"${name}" is not a certificate` : `no variable named "${name}"`);
}

function fieldOf(der: Uint8Array, selector: Octets, frame: Frame): Octets | undefined | NotOk {
  const [name = '', ...modifiers] = selector.split(',');
  const found = certificateField(Buffer.from(der), name, {
    separator: modifiers.find((modifier) => modifier.startsWith('>') && modifier.length > 1)?.slice(1, 2),
    words: modifiers.filter((modifier) => modifier !== '' && !modifier.startsWith('>')),
    formatTime: (ms) => formatTime(ms, frame),
  });
  return typeof found === 'object' ? fail(`bad field selector "${name}" for certextract`) : found;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov  1 18:31:37 2026 GMT`, in the option `timezone`. */
function formatTime(ms: number, { config, services }: Frame): Octets {
  const { timezone } = config.main;
  const offset = isUtcZone(timezone) ? 0 : services.clock.localOffsetSeconds(timezone ?? '', ms);
  const local = new Date(ms + offset * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const zone = offset === 0 ? 'GMT' : formatZone(offset);
  return `${MONTHS[local.getUTCMonth()]} ${String(local.getUTCDate()).padStart(2)} ${time} ${local.getUTCFullYear()} ${zone}`;
}
