/**
 * A random network as a scenario file describes it: home networks with their agents, visited links,
 * a core of one or several links in a row, mobile nodes and those that they talk to.
 *
 *     home0 ~~ ha0 --+                           +-- ar0 ~~ visit0
 *        cn1         core0 -- r0 -- core1 -- ...
 *     home1 ~~ ha1 --+                  cn0      +-- ar1 ~~ visit1
 */
import type { Dice } from './dice.ts';

/** One entry of a scenario file as it stands there. */
export type Entry = Readonly<Record<string, unknown>>;

/** A node whose interfaces come and go. */
export interface Mover {
  readonly name: string;
  /** Interfaces with the link that each is on at the start. */
  readonly interfaces: ReadonlyMap<string, string | null>;
  /** Links that its interfaces may go to; none: each has its own. */
  readonly places: readonly string[];
}

export interface MobileNode extends Mover {
  readonly home: string;
  /** Those that serve its home link: any of them, where it has to find one itself. */
  readonly agents: readonly string[];
  /** It and its agent share keys with numbers that must not begin anew: neither may forget them. */
  readonly numbered: boolean;
}

export interface RandomNetwork {
  readonly links: ReadonlyMap<string, Entry>;
  readonly nodes: ReadonlyMap<string, Entry>;
  /** Mobile nodes, or hosts with several providers. */
  readonly movers: readonly Mover[];
  readonly mobileNodes: readonly MobileNode[];
  /** Nodes that stay: correspondent nodes, and hosts that know nothing of Mobile IPv6. */
  readonly peers: readonly string[];
  readonly lifetimes: Lifetimes;
  readonly constants: Entry;
  /** Agents of an anycast address and their servers, where there are such. */
  readonly anycast?: AnycastPart;
  /** Counters that here are no sign of anything wrong. */
  readonly rare: ReadonlySet<string>;
}

export interface AnycastPart {
  readonly agents: readonly string[];
  readonly servers: readonly string[];
  /** Nothing fails but what agents share: nobody may feel that. */
  readonly storeAlone: boolean;
}

/** In seconds. */
export interface Lifetimes {
  readonly home: number;
  readonly peer: number;
  /** So long a session that is not used any more is remembered. */
  readonly session: number;
}

/**
 * Router Advertisements. Who comes solicits one, so that they may be rare, as they mostly are; what
 * takes frequent ones to come about needs no more than one such link, and they make a run dear.
 */
const INTERVALS = [
  ['1s', '3s'],
  ['3s', '4s'],
  ['3s', '5s'],
  ['4s', '6s'],
  ['4s', '6s'],
  ['4s', '6s'],
] as const;
const FREQUENT = [
  ['30ms', '70ms'],
  ['500ms', '900ms'],
  ['500ms', '900ms'],
  ['500ms', '900ms'],
] as const;
const LIFETIMES = [8, 8, 8, 8, 12, 12, 20] as const;

export function randomNetwork(dice: Dice): RandomNetwork {
  const homes = dice.pick([1, 1, 1, 2, 2, 3]);
  const visits = dice.whole(2, 5);
  const cores = dice.pick([1, 1, 2, 2, 3]);
  const lifetimes = { home: dice.pick(LIFETIMES), peer: dice.pick(LIFETIMES), session: 0 };
  const links = randomLinks(dice, homes, visits, cores);
  const places = [...links.keys()].filter((name) => !name.startsWith('core'));
  const nodes = new Map<string, Entry>();
  const core = () => `core${dice.whole(0, cores - 1)}`;
  const open = dice.chance(0.3);
  const frequent = dice.chance(0.08) ? dice.pick(places) : undefined;
  for (let i = 1; i < cores; i++) {
    nodes.set(`r${i}`, { role: 'router', on: [`core${i - 1}`, `core${i}`] });
  }
  for (const place of places) {
    const home = place.startsWith('home');
    const name = place.replace('home', 'ha').replace('visit', 'ar');
    const shared = { on: [place, core()], ...advertising(dice, place === frequent) };
    const agent = { role: 'home-agent', serves: place, 'allow-unauthenticated': open, ...shared };
    nodes.set(name, home ? agent : { role: 'access-router', ...shared });
    // Two that serve one link: nodes of the first, or of whichever they find.
    if (home && dice.chance(0.35)) {
      nodes.set(`hb${i(place)}`, { ...agent, preference: 10 });
    }
    // A home network whose router is another than its home agent.
    if (home && dice.chance(0.15)) {
      nodes.set(`br${i(place)}`, { role: 'access-router', ...shared });
    }
  }
  const peers = randomPeers(dice, nodes, places, core);
  const mobileNodes: MobileNode[] = [];
  const count = dice.pick([1, 1, 1, 2, 2, 3]);
  for (let index = 0; index < count; index++) {
    mobileNodes.push(randomMobileNode(dice, index, nodes, { homes, places, open, lifetimes }));
  }
  const constants = randomConstants(dice, lifetimes);
  return {
    links,
    nodes,
    movers: mobileNodes,
    mobileNodes,
    peers,
    lifetimes,
    constants,
    rare: new Set(),
  };
}

/** The number behind a name. */
const i = (name: string): string => name.replace(/\D/g, '');

/** The least that IPv6 asks of a link (RFC 8200 section 5). */
export const LEAST_MTU = 1280;

function randomLinks(dice: Dice, homes: number, visits: number, cores: number): Map<string, Entry> {
  const links = new Map<string, Entry>();
  const add = (name: string, prefix: string, delays: readonly string[]) => {
    const narrow = dice.chance(0.08) && { mtu: dice.pick([LEAST_MTU, 1400]) };
    links.set(name, { prefix: `${prefix}::/64`, delay: dice.pick(delays), ...narrow });
  };
  for (let n = 0; n < homes; n++) add(`home${n}`, `2001:db8:1:${n}`, ['1ms', '1ms', '3ms']);
  for (let n = 0; n < visits; n++) add(`visit${n}`, `2001:db8:2:${n}`, ['1ms', '3ms', '15ms']);
  for (let n = 0; n < cores; n++) add(`core${n}`, `2001:db8:f:${n}`, ['2ms', '10ms', '40ms']);
  return links;
}

function advertising(dice: Dice, frequent: boolean): Entry {
  const interval = frequent ? dice.pick(FREQUENT) : dice.pick(INTERVALS);
  const delay = dice.pick(['0ms', '100ms', '500ms']);
  return { 'ra-interval': [...interval], 'ra-delay': delay };
}

function randomPeers(
  dice: Dice,
  nodes: Map<string, Entry>,
  places: readonly string[],
  core: () => string,
): string[] {
  const peers: string[] = [];
  const count = dice.whole(1, 3);
  for (let index = 0; index < count; index++) {
    const name = `cn${index}`;
    const role = dice.chance(0.3) ? 'host' : 'correspondent-node';
    nodes.set(name, { role, on: [dice.chance(0.7) ? core() : dice.pick(places)] });
    peers.push(name);
  }
  return peers;
}

interface Surroundings {
  readonly homes: number;
  readonly places: readonly string[];
  readonly open: boolean;
  readonly lifetimes: Lifetimes;
}

function randomMobileNode(
  dice: Dice,
  index: number,
  nodes: Map<string, Entry>,
  { homes, places, open, lifetimes }: Surroundings,
): MobileNode {
  const name = `mn${index}`;
  const number = dice.whole(0, homes - 1);
  const interfaces = new Map<string, string | null>([['wlan0', dice.pick(places)]]);
  if (dice.chance(0.4)) interfaces.set('lte0', dice.chance(0.6) ? dice.pick(places) : null);
  const home = `home${number}`;
  const serving = [`ha${number}`, `hb${number}`].filter((one) => nodes.has(one));
  const auth = open && dice.chance(0.7) ? 'none' : authentication(dice, index);
  const numbered = typeof auth !== 'string' && 'esp' in auth;
  const discovers = !numbered && dice.chance(serving.length > 1 ? 0.6 : 0.15);
  const agents = discovers ? serving : [serving[0]!];
  nodes.set(name, {
    role: 'mobile-node',
    home,
    'home-agent': discovers ? 'discover' : agents[0],
    interfaces: Object.fromEntries(interfaces),
    auth,
    lifetime: `${lifetimes.home}s`,
    dad: dice.pick(['optimistic', 'optimistic', 'normal', 'off']),
    'route-optimisation': dice.chance(0.85),
  });
  return { name, home, agents, numbered, interfaces, places };
}

/** RFC 4285's option, or ESP with configured keys; each node has keys of its own. */
function authentication(dice: Dice, index: number): Entry {
  const key = (octets: number) => `hex:${(index + 1).toString(16).padStart(2, '0').repeat(octets)}`;
  if (dice.chance(0.7)) return { rfc4285: { spi: 256 + index, key: key(16) } };
  const associations = (first: number) => ({
    'to-agent': { spi: first, key: key(48) },
    'to-node': { spi: first + 1, key: key(48) },
  });
  const transport = associations(4096 + 8 * index);
  const tunnel = dice.chance(0.7) ? { tunnel: associations(4098 + 8 * index) } : {};
  return { esp: { transport, ...tunnel } };
}

/** Short times, so that tables empty and back-offs end within a run. */
function randomConstants(dice: Dice, lifetimes: Lifetimes): Entry {
  const brief = dice.chance(0.4);
  return {
    'max-rr-binding-lifetime': `${lifetimes.peer}s`,
    'max-bindack-timeout': '4s',
    'left-alone-time': dice.pick(['4s', '8s']),
    'refused-retry-time': '4s',
    'unaware-time': dice.pick(['4s', '8s', '60s']),
    // Tokens and nonces that run out within a run, in the proportions of RFC 6275 section 12.
    ...(brief && {
      'max-token-lifetime': '21s',
      'max-nonce-lifetime': '24s',
      'nonce-interval': '3s',
    }),
  };
}
