/** What an agent of a service address knows, for an operator who asks: the same at all that share it. */
import type { Address } from '../../../wire/address.ts';

export interface MemberView {
  /** The number of its key, by which it is known. */
  readonly registrant: string;
  /** Where it is met; the first of them is used. */
  readonly addresses: readonly Address[];
  /** The agent that it has joined. */
  readonly by: Address;
  /** Of its last word; see core/shared-store.ts. */
  readonly version: string;
}

export interface SharedView {
  readonly service: Address;
  /** In the order of their numbers. */
  readonly members: readonly MemberView[];
  /** Each client with the number of its server, in the order of their addresses. */
  readonly clients: readonly (readonly [client: Address, registrant: string])[];
}
