/**
 * Security associations with configured keys: numbers that are never used twice and never taken
 * twice, over a restart too, as far as what was stored is there again.
 *
 * Supported standards: RFC 4303 sections 3.3.3 and 3.4.3; no Extended Sequence Numbers, no IKE.
 */
import { type Address, formatAddress } from '../../wire/address.ts';
import type { EspAssociation } from '../config.ts';
import type { Counter } from '../counters.ts';
import { count } from '../part.ts';
import type { Environment, Output } from '../role.ts';
import { ESP_HEADER, type EspContent, openEsp, sealEsp } from './esp.ts';
import { type EspTransform, espTransform } from './esp-algorithms.ts';
import { ReplayWindow } from './replay-window.ts';

/** The last number that can be said without Extended Sequence Numbers. */
const LAST = 2 ** 32 - 1;
/**
 * So many numbers are set aside with one `store`, so that not every packet writes; a restart skips
 * what is left of them, which receivers do not mind.
 */
const BLOCK = 64;

/** Numbers as they stand in the store. */
const NUMBER = /^\d{1,10}$/;

/** What we send with. `home` names the mobile node that the association is for. */
export class SendingAssociation {
  readonly spi: number;
  readonly #transform: EspTransform;
  readonly #env: Environment;
  readonly #key: string;
  #last = 0;
  /** The last number that is set aside in the store. */
  #reserved = 0;

  constructor(home: Address, association: EspAssociation, env: Environment) {
    this.spi = association.spi;
    this.#env = env;
    this.#transform = espTransform(env.crypto, association.algorithm, association.key);
    this.#key = `esp/sent/${formatAddress(home)}/${association.spi}`;
  }

  /** Goes on behind all numbers that an earlier life may have used. */
  restore(key: string, value: string): void {
    if (key !== this.#key || !NUMBER.test(value)) return;
    this.#reserved = Math.min(Number(value), LAST);
    this.#last = this.#reserved;
  }

  /** The packet's octets from the SPI on; undefined where the numbers are used up. */
  seal(
    content: EspContent,
  ): { readonly octets: Uint8Array; readonly outputs: Output[] } | undefined {
    if (this.#last >= LAST) return undefined;
    this.#last += 1;
    const outputs: Output[] = [];
    if (this.#last > this.#reserved) {
      this.#reserved = Math.min(this.#last + BLOCK - 1, LAST);
      outputs.push({ kind: 'store', key: this.#key, value: `${this.#reserved}` });
    }
    const iv = this.#env.secrets(this.#transform.iv);
    const octets = sealEsp(this.#transform, this.spi, this.#last, iv, content);
    return { octets, outputs };
  }
}

/** What an arriving packet held, or the counter that says why it is refused. */
export type Opened =
  | { readonly content: EspContent; readonly outputs: Output[] }
  | { readonly refused: Counter };

/** What we receive with. */
export class ReceivingAssociation {
  readonly spi: number;
  readonly #transform: EspTransform;
  readonly #key: string;
  /** The mechanism `replay-protection` is there. */
  readonly #guarded: boolean;
  #window = new ReplayWindow();

  constructor(home: Address, association: EspAssociation, env: Environment) {
    this.spi = association.spi;
    this.#transform = espTransform(env.crypto, association.algorithm, association.key);
    this.#key = `esp/received/${formatAddress(home)}/${association.spi}`;
    this.#guarded = !env.without.has('replay-protection');
  }

  /** Whatever an earlier life took, or might still have taken, is old. */
  restore(key: string, value: string): void {
    if (key === this.#key && NUMBER.test(value)) this.#window = new ReplayWindow(Number(value));
  }

  /** @param octets from the SPI on. */
  open(octets: Uint8Array): Opened {
    if (octets.length < ESP_HEADER) return { refused: 'esp.malformed' };
    const sequence = new DataView(octets.buffer, octets.byteOffset).getUint32(4);
    if (this.#guarded && !this.#window.fresh(sequence)) return { refused: 'esp.replayed' };
    const content = openEsp(this.#transform, octets);
    if (content === 'malformed') return { refused: 'esp.malformed' };
    if (content === 'wrong-check-value') return { refused: 'esp.wrong_check_value' };
    const outputs = [count('esp.received')];
    // Each newest number is stored: one that was set aside unseen would be refused after a restart.
    if (this.#guarded && this.#window.note(sequence)) {
      outputs.push({ kind: 'store', key: this.#key, value: `${sequence}` });
    }
    return { content, outputs };
  }
}
