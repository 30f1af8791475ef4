/**
 * A random network of hosts with several providers, and those that they talk to:
 *
 *     mh0.eth0 ~~ p0 ~~ ar0 --+
 *     mh0.eth1 ~~ p1 ~~ ar1 --+-- core0 -- r1 -- core1 -- cn0
 *     mh1.eth0 ~~ p2 ~~ ar2 --+
 */
import type { Dice } from './dice.ts';
import type { Entry, Mover, RandomNetwork } from './random-network.ts';

const LIFETIMES = [8, 12, 20] as const;
/** A host looks after what it used for 300 s, and its peer 330 s longer than that. */
const SESSION = 640;
/** Interfaces of a host, each with a provider of its own. */
const INTERFACES = [2, 2, 2, 3] as const;

export function randomProviders(dice: Dice): RandomNetwork {
  const lifetime = dice.pick(LIFETIMES);
  const lifetimes = { home: lifetime, peer: lifetime, session: SESSION };
  const links = new Map<string, Entry>();
  const nodes = new Map<string, Entry>();
  const cores = dice.pick([1, 1, 2]);
  const core = () => `core${dice.whole(0, cores - 1)}`;
  for (let n = 0; n < cores; n++) {
    links.set(`core${n}`, { prefix: `2001:db8:f:${n}::/64`, delay: dice.pick(['2ms', '10ms']) });
  }
  for (let n = 1; n < cores; n++) {
    nodes.set(`r${n}`, { role: 'router', on: [`core${n - 1}`, `core${n}`] });
  }
  const filters = dice.chance(0.5);
  const movers: Mover[] = [];
  const peers: string[] = [];
  for (let n = dice.pick([1, 1, 2]); n > 0; n--) {
    const interfaces = new Map<string, string>();
    for (let left = dice.pick(INTERFACES); left > 0; left--) {
      const number = links.size - cores;
      const link = `p${number}`;
      links.set(link, {
        prefix: `2001:db8:1:${number}::/64`,
        delay: dice.pick(['1ms', '5ms', '20ms']),
      });
      nodes.set(`ar${number}`, {
        ...{ role: 'access-router', on: [link, core()] },
        ...{ 'ra-interval': ['1s', '3s'], 'ra-delay': dice.pick(['0ms', '100ms']) },
        ...(filters && { 'ingress-filter': [link] }),
      });
      interfaces.set(`eth${interfaces.size}`, link);
    }
    movers.push({ name: `mh${movers.length}`, interfaces, places: [] });
  }
  for (let n = dice.whole(1, 2); n > 0; n--) peers.push(`cn${peers.length}`);
  addEnds(dice, nodes, { movers, peers, core, lifetime });
  const constants = { 'max-rr-binding-lifetime': `${lifetime}s`, 'max-bindack-timeout': '4s' };
  // A peer sends to an address that was lost the moment before, and stands for sessions still.
  const rare = new Set(['mobility.misplaced_header']);
  return { links, nodes, movers, mobileNodes: [], peers, lifetimes, constants, rare };
}

interface Ends {
  readonly movers: readonly Mover[];
  readonly peers: readonly string[];
  readonly core: () => string;
  readonly lifetime: number;
}

/** The hosts, and their peers, which may all share keys. */
function addEnds(
  dice: Dice,
  nodes: Map<string, Entry>,
  { movers, peers, core, lifetime }: Ends,
): void {
  const keyed = dice.chance(0.3);
  const key = { key: `hex:${'5a'.repeat(20)}` };
  for (const peer of peers) {
    const shared = Object.fromEntries(movers.map(({ name }) => [name, key]));
    nodes.set(peer, {
      ...{ role: 'correspondent-node', on: [core()] },
      ...(keyed && { peers: { rfc4449: shared } }),
    });
  }
  for (const { name, interfaces } of movers) {
    const shared = Object.fromEntries(peers.map((peer) => [peer, key]));
    nodes.set(name, {
      role: 'multihomed-host',
      interfaces: Object.fromEntries(interfaces),
      probe: {
        ...{ interval: dice.pick(['100ms', '250ms', '250ms']), threshold: dice.whole(2, 3) },
        ...{ idle: dice.pick(['2s', '5s']), hold: dice.pick(['2s', '4s']) },
      },
      lifetime: `${lifetime}s`,
      dad: dice.pick(['optimistic', 'optimistic', 'normal', 'off']),
      ...(dice.chance(0.3) && { prefer: [...interfaces.keys()].reverse() }),
      ...(keyed && { peers: { rfc4449: shared } }),
    });
  }
}
