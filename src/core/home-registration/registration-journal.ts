import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';
import type { NodeState } from '../node-state.ts';
import type { Output } from '../role.ts';

/** Stored where all was taken back; else it is the care-of address and the home agent. */
const NOTHING_HELD = 'none';

/**
 * What a restart must not make a mobile node forget: that its home agent holds something, which is to
 * be taken back at home (RFC 6275 section 11.5.5).
 */
export class HomeRegistrationJournal {
  /**
   * May the home agent hold what an earlier life registered? Unless the journal says that this was
   * taken back, it may: a home agent that tunnels for a node at home cuts it off.
   */
  heldBefore = true;
  readonly #key: string;
  readonly #env: NodeState['env'];

  constructor(home: Address, env: NodeState['env']) {
    this.#key = `home-registration/${formatAddress(home)}`;
    this.#env = env;
  }

  /** Takes up a stored value after a restart; the home agent that it names. */
  restore(key: string, value: string): Address | undefined {
    if (key !== this.#key || this.#env.without.has('journal')) return undefined;
    this.heldBefore = value !== NOTHING_HELD;
    return parseAddress(value.split(' ')[1] ?? '');
  }

  /** @param careOf what is held; undefined: all was taken back. */
  remember(careOf: Address | undefined, agent: Address): Output {
    this.heldBefore = false;
    const held = careOf && `${formatAddress(careOf)} ${formatAddress(agent)}`;
    return { kind: 'store', key: this.#key, value: held ?? NOTHING_HELD };
  }
}
