/** Variables that the configuration names itself: `$acl_c…`, `$acl_m…`, `$r_…`. Spec ch. 11 "Expansion variables". */

import { type Frame, mailOf, originOf } from '../core/frame.ts';
import { fail, type NotOk } from '../core/outcome.ts';
import type { Text } from '../core/text.ts';

/** `name` begins with `acl_`. Under `strict_acl_vars` one that was never set is an error. */
export function readAclVariable(frame: Frame, name: string): Text | undefined | NotOk {
  const values = name[4] === 'c' ? originOf(frame)?.aclC : mailOf(frame)?.aclM;
  const value = values?.get(name);
  if (value === undefined && frame.config.main.strict_acl_vars) return fail(`unknown variable name "${name}" (strict_acl_vars is set)`);
  return value;
}

export function readRouterVariable(frame: Frame, name: string): Text | undefined {
  const address = frame.address;
  return address?.state.routerVariables.get(name) ?? address?.inherited.routerVariables.get(name);
}
