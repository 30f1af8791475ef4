/** Takes packets that come by links out of the host's hands, and gives them to the data plane. */
import type { LinkAddress } from '../../core/role.ts';
import type { Interception } from '../plane/interception.ts';
import { packetFilter } from '../plane/packet-filter.ts';
import { finished, type Offload } from '../sys/offloads.ts';
import { PacketSocket } from '../sys/packet-socket.ts';
import type { Poller, Watch } from '../sys/poller.ts';
import { SysError } from '../sys/sys-error.ts';
import type { HostLink } from './host-links.ts';
import { InterceptionTable } from './interception-table.ts';
import type { Inside } from './settings.ts';

/** Batches of packets of one link in a row, so that others have their turn. */
const MAX_BATCHES = 4;

/** What is done with packets; the octets are valid until `done`, or where there is none during the call. */
export interface Taker {
  /** It does not reach the host's stack. */
  taken(octets: Uint8Array, ifindex: number, from: LinkAddress | undefined, offload: Offload): void;
  /** The host's stack gets it too. */
  overheard(octets: Uint8Array, ifindex: number, from: LinkAddress | undefined): void;
  /** No further packet is there just now. */
  done(): void;
}

export class Interceptor {
  readonly #inside: Inside;
  readonly #poller: Poller;
  readonly #interception: Interception;
  readonly #taker: Taker;
  /** Absent where an accelerator gives us the packets, and these are only overheard. */
  readonly #table: InterceptionTable | undefined;
  readonly #sockets = new Map<number, { readonly socket: PacketSocket; readonly watch: Watch }>();
  #filtered = '';

  /** @param keepAway whether the host's stack must be kept from what is taken. */
  constructor(
    inside: Inside,
    poller: Poller,
    interception: Interception,
    taker: Taker,
    keepAway: boolean,
  ) {
    this.#inside = inside;
    this.#poller = poller;
    this.#interception = interception;
    this.#taker = taker;
    this.#table = keepAway ? new InterceptionTable(inside) : undefined;
  }

  attach({ ifindex }: HostLink): void {
    if (this.#sockets.has(ifindex)) return;
    const filter = this.#filter();
    let socket: PacketSocket;
    try {
      socket = this.#inside(() => new PacketSocket(ifindex, filter));
    } catch (error) {
      // The link has gone again: the kernel's word of that is on its way.
      if (error instanceof SysError && error.code === 'ENODEV') return;
      throw error;
    }
    const watch = this.#poller.watch(socket.fd, () => this.#read(socket, ifindex));
    this.#sockets.set(ifindex, { socket, watch });
  }

  detach(ifindex: number): void {
    const one = this.#sockets.get(ifindex);
    this.#sockets.delete(ifindex);
    one?.watch.close();
    one?.socket.close();
  }

  /** Tells the kernel what has changed of what is taken. */
  settle(): void {
    const changes = this.#interception.changes();
    if (changes.add.length + changes.remove.length === 0) return;
    const filter = this.#filter();
    const text = JSON.stringify(filter);
    if (text !== this.#filtered) {
      this.#filtered = text;
      for (const { socket } of this.#sockets.values()) socket.setFilter(filter);
    }
    this.#table?.change(changes);
  }

  close({ leave }: { readonly leave: boolean }): void {
    for (const ifindex of [...this.#sockets.keys()]) this.detach(ifindex);
    this.#table?.close({ leave });
  }

  #filter() {
    const none = new Set<number>();
    const overhear = { protocols: none, ports: none, all: false };
    return packetFilter(this.#table === undefined ? overhear : this.#interception.wish());
  }

  #read(socket: PacketSocket, ifindex: number): void {
    for (let batch = 0; batch < MAX_BATCHES && this.#sockets.has(ifindex); batch++) {
      const count = socket.read((octets, from, offload) => {
        if (octets.length < 40 || octets[0]! >> 4 !== 6) return;
        // What is taken, but not by this socket, comes from the accelerator where it is for us.
        if (!this.#interception.takes(octets)) {
          for (const one of finished(octets, offload)) this.#taker.overheard(one, ifindex, from);
        } else if (this.#table !== undefined) this.#taker.taken(octets, ifindex, from, offload);
      });
      this.#taker.done();
      if (count === 0) return;
    }
  }
}
