/** Keeps a message that it overhears, and sends it again later, octet for octet. */
import { walkHeaders } from '../../../wire/walk.ts';
import type { Replayed } from '../../scenario/attacks.ts';
import type { Hands } from './attacker.ts';
import { innermost } from './overheard.ts';

export class Recorder {
  readonly #attack: Replayed;
  readonly #hands: Hands;
  #kept: Uint8Array | undefined;

  constructor(attack: Replayed, hands: Hands) {
    this.#attack = attack;
    this.#hands = hands;
  }

  hear(octets: Uint8Array): void {
    const { message, to, heard } = this.#attack;
    if (heard === 'first' && this.#kept !== undefined) return;
    if (walkHeaders(octets) === undefined) return;
    const packet = innermost(octets);
    if (packet?.message.layer !== message) return;
    if (to !== undefined && packet.destination !== this.#hands.address(to)) return;
    this.#kept = octets.slice();
  }

  begin(): void {
    if (this.#kept !== undefined) this.#hands.send(this.#kept.slice());
  }
}
