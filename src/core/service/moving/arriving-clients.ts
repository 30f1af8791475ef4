import type { Address } from '../../../wire/address.ts';
import { formatAddress } from '../../../wire/address.ts';
import { BINDING_STATUS } from '../../../wire/numbers.ts';
import { answer, type JudgedUpdate } from '../../bindings/judged-update.ts';
import type { ServiceConfig } from '../../config.ts';
import { count } from '../../part.ts';
import type { Output } from '../../role.ts';
import { after, type Instant, seconds } from '../../time.ts';
import { homeOf, serviceFor } from '../service-addresses.ts';
import type { MovedPiece } from './moved-client.ts';

/** Clients that come from other servers at once; the one that began first is given up for another. */
const MAX_ARRIVING = 64;
/** What has not come whole by then, or was taken so long ago, is forgotten. */
const KEPT: ReturnType<typeof seconds> = seconds(10);
const ID = 'service/arrived/';

interface Arriving {
  readonly from: Address;
  readonly transfer: number;
  readonly began: Instant;
  readonly state: Uint8Array;
  /** Offsets of the pieces that have come. */
  readonly pieces: Set<number>;
  missing: number;
  /** `attaching`: the kernel has them, and has not said yet what became of it. */
  name: 'gathering' | 'attaching' | 'taken';
  /** The update that is answered when the kernel has said so. */
  waiting?: JudgedUpdate;
}

/** A client that this server goes on with. */
export interface Arrived {
  readonly client: Address;
  readonly from: Address;
}

/**
 * Clients that other servers hand to this one: their connections are put together from pieces, in
 * whatever order they come, and put into the kernel. The last one is answered when they are in it.
 *
 * Bounded: 64 at once, 128 KiB each.
 */
export class ArrivingClients {
  readonly #config: ServiceConfig;
  readonly #arriving = new Map<Address, Arriving>();

  constructor(config: ServiceConfig) {
    this.#config = config;
  }

  /** A proved piece, and the update that it came in; undefined: the update brought none. */
  take(piece: MovedPiece | undefined, judged: JudgedUpdate, now: Instant): Output[] {
    const outputs = answer(judged, 'home');
    if (piece === undefined) return outputs;
    const { client, offset, octets } = piece;
    const one = this.#of(piece, judged.answerTo, now);
    if (one === undefined) return answer({ ...judged, ...REFUSED }, 'home');
    if (!one.pieces.has(offset) && one.name === 'gathering') {
      one.pieces.add(offset);
      one.state.set(octets, offset);
      one.missing -= octets.length;
    }
    if (one.name === 'taken' || one.missing > 0) return outputs;
    one.waiting = judged;
    if (one.name === 'attaching') return [];
    one.name = 'attaching';
    const id = ID + formatAddress(client);
    const local = homeOf(client, this.#config);
    return [{ kind: 'attach', id, local, remote: client, state: one.state }];
  }

  /** The kernel has them, or not: then the other server keeps its client. */
  attached(
    id: string,
    ok: boolean,
  ): { readonly outputs: Output[]; readonly arrived?: Arrived } | undefined {
    const found = [...this.#arriving].find(([client]) => id === ID + formatAddress(client));
    if (found === undefined) return undefined;
    const [client, one] = found;
    if (one.name !== 'attaching') return { outputs: [] };
    const judged = one.waiting!;
    if (!ok) {
      this.#arriving.delete(client);
      return { outputs: answer({ ...judged, ...REFUSED }, 'home') };
    }
    one.name = 'taken';
    const outputs = [count('service.client_moved'), ...answer(judged, 'home')];
    return { outputs, arrived: { client, from: one.from } };
  }

  #of(piece: MovedPiece, from: Address, now: Instant): Arriving | undefined {
    const { client, transfer, total } = piece;
    // One of IPv4, where there is no such address.
    if (serviceFor(client, this.#config) === undefined) return undefined;
    for (const [other, { began, name }] of this.#arriving) {
      if (now >= after(began, KEPT) && name !== 'attaching') this.#arriving.delete(other);
    }
    const known = this.#arriving.get(client);
    if (known?.from === from && known.transfer === transfer) {
      return known.state.length === total ? known : undefined;
    }
    if (known?.name === 'attaching') return undefined;
    this.#arriving.delete(client);
    if (this.#arriving.size >= MAX_ARRIVING && !this.#makeRoom()) return undefined;
    const one: Arriving = {
      ...{ from, transfer, began: now, state: new Uint8Array(total) },
      ...{ pieces: new Set(), missing: total, name: 'gathering' },
    };
    this.#arriving.set(client, one);
    return one;
  }

  #makeRoom(): boolean {
    for (const [client, { name }] of this.#arriving) {
      if (name !== 'attaching') return this.#arriving.delete(client);
    }
    return false;
  }
}

const REFUSED = { status: BINDING_STATUS.insufficientResources } as const;
