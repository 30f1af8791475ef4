import type { BindingCache } from './bindings/binding-cache.ts';
import type { BindingErrors } from './bindings/binding-errors.ts';
import type { Paths } from './bindings/paths.ts';
import type { Constants } from './constants.ts';
import type { AddressSets } from './peers/address-sets.ts';
import type { Environment } from './role.ts';
import type { Protection } from './security/protection.ts';

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
