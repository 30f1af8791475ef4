/**
 * This machine as the host of one node: the kernel's links, addresses, routes and groups, and the
 * data plane between them.
 */
import type { EntryUse, ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { LinkAddress } from '../../core/role.ts';
import type { TableSizes } from '../../core/tables.ts';
import type { Instant } from '../../core/time.ts';
import { isIpv4 } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import type { LinuxNodeOptions } from '../node-options.ts';
import type { EntryStatus, HostStatus } from '../node-status.ts';
import type { Arrival } from '../plane/icmpv6-copies.ts';
import { PacketPlane } from '../plane/packet-plane.ts';
import type { PlaneSurroundings } from '../plane/surroundings.ts';
import { BootTimer } from '../sys/boot-clock.ts';
import { GroupMemberships } from '../sys/ipv6-socket.ts';
import { inNamespace } from '../sys/namespace.ts';
import { replaceAddress } from '../sys/netlink/addresses.ts';
import { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import type { Offload } from '../sys/offloads.ts';
import { Poller } from '../sys/poller.ts';
import { Acceleration } from './acceleration.ts';
import { Anchor } from './anchor.ts';
import { type Closing, closeAll } from './closing.ts';
import type {
  AddressOutput,
  GroupOutput,
  Host,
  HostEvents,
  RouteOutput,
  TransmitOutput,
} from './host.ts';
import type { HostLink } from './host-links.ts';
import { HostNetwork, type NetworkSurroundings } from './host-network.ts';
import { Interceptor, type Taker } from './interceptor.ts';
import { sweep } from './leftovers.ts';
import { isRouter, managedLinks, manageLink, retired } from './managed-links.ts';
import { Neighbors } from './neighbors.ts';
import { Outlet } from './outlet.ts';
import { planeSurroundings } from './plane-surroundings.ts';
import { type Inside, Settings } from './settings.ts';
import type { SlowPacket } from './slow-device.ts';
import { SteeringTables } from './steering-tables.ts';
import { Ways } from './ways.ts';

/** What an earlier life has left goes on working for so long, until it is wanted again or not. */
const GRACE_MILLISECONDS = 10_000;
const MAX_UINT32 = 2 ** 32;

/** What has been opened so far, to be closed backwards where the rest cannot be. */
type Opened = Closing[];

/** Takes this machine over for a node. Throws SysError, and leaves nothing behind then. */
export function openHost(options: LinuxNodeOptions, events: HostEvents): Host {
  const opened: Opened = [];
  try {
    return new LinuxHost(options, events, opened);
  } catch (error) {
    closeAll(opened.reverse(), { leave: false });
    throw error;
  }
}

class LinuxHost implements Host {
  readonly #options: LinuxNodeOptions;
  readonly #events: HostEvents;
  readonly #counters = new Map<LinuxCounter, number>();
  readonly #settings: Settings;
  readonly #poller = new Poller();
  readonly #netlink: Rtnetlink;
  readonly #outlet: Outlet;
  readonly #memberships: GroupMemberships;
  readonly #network: HostNetwork;
  readonly #ways: Ways;
  readonly #neighbors: Neighbors;
  readonly #plane: PacketPlane;
  readonly #anchor: Anchor;
  readonly #acceleration: Acceleration;
  readonly #steering: SteeringTables;
  readonly #interceptor: Interceptor;
  readonly #alarm: BootTimer;
  readonly #expiry: BootTimer;
  readonly #wake: BootTimer;
  readonly #grace: NodeJS.Timeout;
  readonly #managed: ReadonlySet<string>;
  #alarmAt: Instant | undefined;

  constructor(options: LinuxNodeOptions, events: HostEvents, opened: Opened) {
    const { namespace } = options;
    const inside: Inside =
      namespace === undefined ? (run) => run() : (run) => inNamespace(namespace, run);
    const poller = this.#poller;
    const count = (counter: LinuxCounter) => this.#count(counter);
    const open = <T extends Closing>(make: () => T): T => {
      const made = inside(make);
      opened.push(made);
      return made;
    };
    this.#options = options;
    this.#events = events;
    this.#managed = managedLinks(options.config);
    opened.push(poller);
    const netlink = open(() => new Rtnetlink());
    this.#netlink = netlink;
    this.#outlet = new Outlet(open, count);
    this.#memberships = open(() => new GroupMemberships());
    this.#settings = new Settings(options.stateFolder, inside);
    opened.push({ close: () => this.#settings.restore() });
    this.#neighbors = new Neighbors({ netlink, send: this.#outlet.put.bind(this.#outlet), count });
    this.#network = new HostNetwork(this.#networkSurroundings(inside));
    this.#ways = new Ways(netlink, this.#network.links);
    const identification = Math.floor(Math.random() * MAX_UINT32);
    this.#wake = new BootTimer(poller, () => this.#plane.tick());
    opened.push(this.#wake);
    this.#plane = new PacketPlane(this.#planeSurroundings(), options.without, identification);
    const mtu = this.#network.links.largestMtu();
    this.#anchor = new Anchor(inside, poller, netlink, this.#settings, mtu, (octets, offload) =>
      this.#plane.leaving(octets, offload),
    );
    opened.push({ close: () => this.#anchor.close({ leave: false }) });
    opened.push({ close: () => sweep(netlink) });
    this.#acceleration = new Acceleration(options, {
      inside,
      poller,
      netlink,
      settings: this.#settings,
      anchor: this.#anchor.ifindex,
      take: (packet) => this.#slow(packet),
    });
    const keepAway = !this.#acceleration.active;
    opened.push({ close: () => this.#acceleration.close({ leave: false }) });
    const refused = () => count('host.route_refused');
    const { steering, interception } = this.#plane;
    this.#steering = new SteeringTables(netlink, steering, this.#anchor.ifindex, refused);
    this.#interceptor = new Interceptor(inside, poller, interception, this.#taker(), keepAway);
    opened.push({ close: () => this.#interceptor.close({ leave: false }) });
    this.#network.begin(this.#anchor.ifindex);
    opened.push(this.#network);
    this.#alarm = new BootTimer(poller, () => this.#ring());
    this.#expiry = new BootTimer(poller, () => [this.#shed(), this.settle()]);
    this.#grace = setTimeout(() => this.#sweep(), GRACE_MILLISECONDS);
    this.#changed();
    this.settle();
  }

  tellAll(): void {
    this.#network.tellAll();
  }

  transmit(output: TransmitOutput): void {
    const { octets, link } = output;
    if (link === undefined) this.#plane.send(octets);
    else this.#outlet.transmit(output, this.#network.links.byName(link), this.#neighbors);
  }

  address(output: AddressOutput): void {
    this.#network.addresses.perform(output);
  }

  route(output: RouteOutput): void {
    this.#ways.forget();
    this.#network.routes.perform(output);
  }

  group(output: GroupOutput): void {
    this.#network.groups.perform(output);
  }

  forward(entry: ForwardingEntry): void {
    this.#shed();
    if (this.#plane.add(entry)) this.#acceleration.add(entry);
  }

  unforward(id: string): void {
    this.#plane.remove(id);
    this.#acceleration.remove(id);
  }

  use(id: string): EntryUse {
    return this.#acceleration.use(id, this.#plane.use(id));
  }

  *entries(): Iterable<EntryStatus> {
    for (const entry of this.#plane.table.all()) {
      const carriedBy = this.#acceleration.takes(entry.id) ? 'kernel' : 'plane';
      yield { entry, use: this.use(entry.id), carriedBy };
    }
  }

  settle(): void {
    this.#plane.steering.setBest(this.#network.routes.best());
    this.#steering.settle();
    this.#interceptor.settle();
    this.#expiry.set(this.#bootTimeAt(this.#plane.table.deadline()));
  }

  setAlarm(at: Instant | undefined): void {
    this.#alarmAt = at;
    this.#alarm.set(this.#bootTimeAt(at));
  }

  counters(): ReadonlyMap<LinuxCounter, number> {
    return new Map([...this.#counters, ...this.#acceleration.counters()]);
  }

  sizes(): TableSizes {
    return { ...this.#plane.sizes(), neighbors: this.#netlink.neighbours().length };
  }

  status(): HostStatus {
    const { routes, rules } = this.#steering.status();
    return {
      dataPlane: this.#acceleration.status,
      links: [...this.#network.links.all()],
      addresses: this.#network.addresses.status(),
      routes: [...routes, ...this.#network.routes.status()],
      rules,
      pathMtus: [...this.#plane.pathMtus.all(this.#options.clock.now())],
    };
  }

  close({ leave }: { readonly leave: boolean }): void {
    clearTimeout(this.#grace);
    const fault = closeAll(
      [
        ...[this.#alarm, this.#expiry, this.#network, this.#neighbors, this.#interceptor],
        ...[this.#acceleration, { close: () => leave || sweep(this.#netlink) }, this.#anchor],
        ...[this.#memberships, this.#outlet, this.#wake, this.#poller, this.#netlink],
        { close: () => leave || this.#settings.restore() },
      ],
      { leave },
    );
    if (fault !== undefined) throw fault;
  }

  #count(counter: LinuxCounter): void {
    this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + 1);
  }

  #arrival(ifindex: number, from: LinkAddress | undefined): Arrival {
    const link = this.#network.links.byIndex(ifindex)?.link ?? '';
    return from === undefined ? { link } : { link, from };
  }

  #planeSurroundings(): PlaneSurroundings {
    return planeSurroundings({
      now: () => this.#options.clock.now(),
      outlet: this.#outlet,
      netlink: this.#netlink,
      network: this.#network,
      neighbors: this.#neighbors,
      ways: this.#ways,
      deliver: (octets) => this.#anchor.deliver(octets),
      deliverLarge: (packet) => this.#anchor.deliverLarge(packet),
      tell: (input) => this.#events.control(input),
      learned: (path) => isIpv4(path.destination) || this.#acceleration.learned(path),
      carried: (entry) => this.use(entry).packets,
      wakeAt: (at) => this.#wake.set(this.#bootTimeAt(at)),
      count: (counter) => this.#count(counter),
    });
  }

  #networkSurroundings(inside: Inside): NetworkSurroundings {
    return {
      inside,
      poller: this.#poller,
      netlink: this.#netlink,
      memberships: this.#memberships,
      interfaces: this.#options.interfaces ?? new Map(),
      router: isRouter(this.#options.config),
      came: (link) => this.#came(link),
      went: ({ ifindex }) => {
        this.#interceptor.detach(ifindex);
        this.#acceleration.detach(ifindex);
      },
      changed: () => this.#changed(),
      settle: () => this.settle(),
      neighbour: (neighbour) => {
        this.#ways.forget();
        this.#neighbors.follow(neighbour);
      },
      tell: (input) => this.#events.control(input),
      count: (counter) => this.#count(counter),
    };
  }

  #taker(): Taker {
    return {
      taken: (octets, ifindex, from, offload) =>
        this.#arrived(octets, this.#arrival(ifindex, from), offload),
      overheard: (octets, ifindex, from) =>
        this.#plane.overheard(octets, this.#arrival(ifindex, from)),
      done: () => {
        if (!this.#anchor.flush()) this.#count('plane.not_sent');
      },
    };
  }

  /** What packets before it have told the role holds for this one: an update, and then what follows it. */
  #arrived(octets: Uint8Array, arrival: Arrival, offload?: Offload): void {
    if (this.#events.catchUp()) this.#plane.arriving(octets, arrival, offload);
  }

  #came(link: HostLink): void {
    if (this.#managed.has(link.link)) {
      manageLink(this.#settings, link.interface);
      // One that is gone meanwhile is retired too.
      this.#netlink.runAll(retired(this.#netlink.addresses(link.ifindex)).map(replaceAddress));
    }
    this.#interceptor.attach(link);
    this.#acceleration.attach(link.ifindex);
  }

  /** Links or addresses have changed: so does what is steered and what is taken. */
  #changed(): void {
    this.#ways?.forget();
    if (this.#anchor === undefined) return;
    const mtu = this.#network.links.largestMtu();
    this.#anchor.setMtu(mtu);
    this.#plane.steering.setMtu(mtu);
    const preferred = this.#network.addresses.preferred(this.#anchor.ifindex);
    this.#plane.steering.setAddresses(preferred, this.#network.addressesOfLinks());
    const own = this.#network.addresses.global();
    this.#plane.interception.setOwn(own);
    this.#acceleration.setOwn(new Set([...own].filter((address) => !isIpv4(address))));
  }

  #bootTimeAt(at: Instant | undefined): bigint | undefined {
    if (at === undefined) return undefined;
    return this.#options.clock.bootTimeOfStart + BigInt(Math.ceil(at)) * 1000n;
  }

  #ring(): void {
    const at = this.#alarmAt;
    if (at === undefined) return;
    // The node's clock may go a little slower than the kernel's.
    if (this.#options.clock.now() < at) this.setAlarm(at);
    else {
      this.#alarmAt = undefined;
      this.#events.alarm();
    }
  }

  /** Takes out what is over. */
  #shed(): void {
    const gone = this.#plane.expire(this.#options.clock.now());
    for (const { id } of gone) this.#acceleration.remove(id);
  }

  /** What the accelerator is in doubt about, or only tells of. */
  #slow({ octets, ifindex, from, told }: SlowPacket): void {
    if (told === undefined) this.#arrived(octets, this.#arrival(ifindex, from));
    else this.#plane.notice(told, octets);
  }

  #sweep(): void {
    this.#acceleration.settle();
    const steering = this.#steering.state();
    const routes = this.#network.routes.state();
    sweep(this.#netlink, {
      routes: [...steering.routes, ...routes.routes],
      rules: [...steering.rules, ...routes.rules],
      wantsAddress: (address) => this.#network.addresses.wants(address),
    });
  }
}
