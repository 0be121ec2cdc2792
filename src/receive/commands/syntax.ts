/** The main options that decide which addresses are well formed. */
import type { MainOptions } from '../../core/index.ts';
import type { AddressSyntax } from '../../message/address.ts';

export function addressSyntax(main: MainOptions, isUtf8: boolean): AddressSyntax {
  return {
    allowsDomainLiterals: main.allow_domain_literals,
    allowsUtf8Domains: main.allow_utf8_domains || isUtf8,
    stripsTrailingDot: main.strip_trailing_dot,
    stripsExcessAngleBrackets: main.strip_excess_angle_brackets,
  };
}
