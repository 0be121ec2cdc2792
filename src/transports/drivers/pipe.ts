/** The transport that gives messages to commands. Spec ch. 29 "The pipe transport". */
import type { Octets } from '../../base/octets.ts';
import { defineTransport } from '../../core/drivers.ts';
import { genericProblems, transportOptions, userProblems } from '../generic-options.ts';
import { deliverToPipe } from '../pipe/delivery.ts';
import { pipeOptions } from '../pipe/options.ts';

export default defineTransport({
  name: 'pipe',
  summary: 'Gives messages to a command on its standard input.',
  spec: 'ch. 29 "The pipe transport"',
  isRemote: false,
  generic: transportOptions,
  genericDefaults: { retry_use_local_part: true },
  options: pipeOptions,
  validate: (set, generic) => {
    const found: Octets[] = [...genericProblems(generic), ...userProblems(generic)];
    if (set.return_fail_output && set.return_output) found.push('both return_output and return_fail_output set for %s transport');
    if (set.log_fail_output && set.log_output) found.push('both log_output and log_fail_output set for the %s transport');
    if (set.use_shell && set.allow_commands !== undefined) found.push('both allow_commands and use_shell set for %s transport');
    if (set.use_shell && set.restrict_to_path) found.push('both restrict_to_path and use_shell set for %s transport');
    if (set.temp_errors.some((item) => !/^(?:\*|[0-9]+)$/.test(item)))
      found.push('temp_errors must be a list of numbers or an asterisk for the %s transport');
    return found;
  },
  create: (set) => ({ deliver: (batch) => deliverToPipe(set, batch) }),
});
