/** How a callout is made. Spec ch. 44 "Callout verification". */
import type { Octets } from '../base/octets.ts';

export interface CalloutOptions {
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly isRandom: boolean;
  readonly isPostmaster: boolean;
  readonly isFullPostmaster: boolean;
  readonly postmasterSender: Octets | undefined;
  readonly mailFrom: Octets;
  readonly useSender: boolean;
  readonly usePostmaster: boolean;
  /** `use_tptsender`: the transport's `return_path`. */
  readonly useTransportSender?: boolean;
  readonly noCache: boolean;
  readonly deferOk: boolean;
  readonly hold: boolean;
}

const DEFAULT_MS = 30_000;

/** `callout` without options. */
export const DEFAULT_CALLOUT: CalloutOptions = {
  connectTimeoutMs: DEFAULT_MS,
  commandTimeoutMs: DEFAULT_MS,
  totalTimeoutMs: 4 * DEFAULT_MS,
  isRandom: false,
  isPostmaster: false,
  isFullPostmaster: false,
  postmasterSender: undefined,
  mailFrom: '',
  useSender: false,
  usePostmaster: false,
  noCache: false,
  deferOk: false,
  hold: false,
};
