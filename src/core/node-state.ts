import type { AddressSets } from './address-sets.ts';
import type { BindingCache } from './binding-cache.ts';
import type { BindingErrors } from './binding-errors.ts';
import type { Constants } from './constants.ts';
import type { Paths } from './paths.ts';
import type { Protection } from './protection.ts';
import type { Environment } from './role.ts';

/** What all parts of one node share: there is one of each in a node, never two. */
export interface NodeState {
  readonly env: Environment;
  readonly constants: Constants;
  readonly bindings: BindingCache;
  readonly sets: AddressSets;
  readonly paths: Paths;
  readonly errors: BindingErrors;
  readonly protection: Protection;
}
