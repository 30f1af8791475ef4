/** Takes packets that come by links out of the host's hands, and gives them to the data plane. */
import { IPV6_HEADER } from '../../core/forwarding/packet-view.ts';
import type { LinkAddress } from '../../core/role.ts';
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { IPV4_HEADER } from '../../wire/walk-ipv4.ts';
import type { Interception } from '../plane/interception.ts';
import { ipv4PacketFilter, packetFilter } from '../plane/packet-filter.ts';
import { finished, type Offload } from '../sys/offloads.ts';
import { type FilterInstruction, type IpVersion, PacketSocket } from '../sys/packet-socket.ts';
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
  readonly #table: InterceptionTable;
  /** False where an accelerator gives us IPv6 packets, and these are only overheard. */
  readonly #takesIpv6: boolean;
  /** Of each link one for IPv6, and one for IPv4 where that is looked at. */
  readonly #sockets = new Map<string, Ear>();
  readonly #links = new Set<number>();
  readonly #filtered: Record<IpVersion, string> = { ipv6: '', ipv4: '' };

  /** @param keepAway whether the host's stack must be kept from what is taken of IPv6. */
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
    this.#takesIpv6 = keepAway;
    this.#table = new InterceptionTable(inside, { ipv6: keepAway });
  }

  attach({ ifindex }: HostLink): void {
    this.#links.add(ifindex);
    this.#listen(ifindex, 'ipv6');
    if (this.#interception.wantsIpv4) this.#listen(ifindex, 'ipv4');
  }

  detach(ifindex: number): void {
    this.#links.delete(ifindex);
    this.#deafen(ifindex, 'ipv6');
    this.#deafen(ifindex, 'ipv4');
  }

  /** Tells the kernel what has changed of what is taken. */
  settle(): void {
    const ipv4 = this.#interception.wantsIpv4;
    for (const ifindex of this.#links) {
      if (ipv4) this.#listen(ifindex, 'ipv4');
      else this.#deafen(ifindex, 'ipv4');
    }
    const changes = this.#interception.changes();
    if (changes.add.length + changes.remove.length === 0) return;
    this.#refilter('ipv6');
    if (ipv4) this.#refilter('ipv4');
    this.#table.change(changes);
  }

  close({ leave }: { readonly leave: boolean }): void {
    for (const ifindex of [...this.#links]) this.detach(ifindex);
    this.#table.close({ leave });
  }

  #listen(ifindex: number, version: IpVersion): void {
    const key = keyOf(ifindex, version);
    if (this.#sockets.has(key)) return;
    const filter = this.#filter(version);
    let socket: PacketSocket;
    try {
      socket = this.#inside(() => new PacketSocket(ifindex, filter, version));
    } catch (error) {
      // The link has gone again: the kernel's word of that is on its way.
      if (error instanceof SysError && error.code === 'ENODEV') return;
      throw error;
    }
    const watch = this.#poller.watch(socket.fd, () => this.#read(socket, ifindex, version));
    this.#sockets.set(key, { socket, watch, version });
  }

  #deafen(ifindex: number, version: IpVersion): void {
    const key = keyOf(ifindex, version);
    const one = this.#sockets.get(key);
    this.#sockets.delete(key);
    one?.watch.close();
    one?.socket.close();
  }

  #refilter(version: IpVersion): void {
    const filter = this.#filter(version);
    const text = JSON.stringify(filter);
    if (text === this.#filtered[version]) return;
    this.#filtered[version] = text;
    for (const one of this.#sockets.values()) {
      if (one.version === version) one.socket.setFilter(filter);
    }
  }

  #filter(version: IpVersion): FilterInstruction[] {
    if (version === 'ipv4') return ipv4PacketFilter(this.#interception.wish({ ipv4: true }));
    const none = new Set<number>();
    const overhear = { protocols: none, ports: none, all: false };
    return packetFilter(this.#takesIpv6 ? this.#interception.wish({ ipv4: false }) : overhear);
  }

  #read(socket: PacketSocket, ifindex: number, version: IpVersion): void {
    const ipv4 = version === 'ipv4';
    const key = keyOf(ifindex, version);
    for (let batch = 0; batch < MAX_BATCHES && this.#sockets.has(key); batch++) {
      const count = socket.read((octets, from, offload) => {
        const isOne = ipv4 ? isIpv4Packet(octets) : octets[0]! >> 4 === 6;
        if (octets.length < (ipv4 ? IPV4_HEADER : IPV6_HEADER) || !isOne) return;
        // What is taken, but not by this socket, comes from the accelerator where it is for us.
        if (!this.#interception.takes(octets)) {
          for (const one of finished(octets, offload)) this.#taker.overheard(one, ifindex, from);
        } else if (ipv4 || this.#takesIpv6) this.#taker.taken(octets, ifindex, from, offload);
      });
      this.#taker.done();
      if (count === 0) return;
    }
  }
}

/** A socket that hears the packets of one version that come by one link. */
interface Ear {
  readonly socket: PacketSocket;
  readonly watch: Watch;
  readonly version: IpVersion;
}

const keyOf = (ifindex: number, version: IpVersion): string => `${ifindex} ${version}`;
