/**
 * What an anycast agent costs and how it spreads: new clients a second with few and with many that it
 * remembers, octets a remembered client, how evenly 10 000 clients come to ten unequal servers, and how
 * many of them change their server when one joins or leaves, beside Maglev on the same set.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Environment, Input, LinkAddress, Output, Role } from '../src/core/role.ts';
import { ntpTimestamp } from '../src/core/security/authentication-option.ts';
import { Selection } from '../src/core/service/clients/selection.ts';
import type { Member } from '../src/core/service/member.ts';
import { homeProof } from '../src/core/signalling/home-authentication.ts';
import { type Instant, START, seconds } from '../src/core/time.ts';
import { nodeCryptography as crypto } from '../src/lab/crypto.ts';
import { createNode } from '../src/roles/create.ts';
import { type Address, address, addressOctets, addressOf } from '../src/wire/address.ts';
import { AUTHENTICATION, EPOCH, packet } from './home-registrations.ts';
import { MaglevTable } from './maglev.ts';
import { cpuSeconds, type Measurement, median } from './measure.ts';

const SERVICE = address('2001:db8:a::80');
const AGENT = address('2001:db8:1::1');
const SIZES = [1_000, 100_000, 1_000_000];
const ROUNDS = 5;
/** New clients in one round. */
const BATCH = 5_000;
/** Clients that are spread over servers. */
const CLIENTS = 10_000;
/** What each of the servers can bear: no two thirds of them alike. */
const CAPACITIES = [10, 10, 10, 20, 20, 30, 30, 40, 50, 80];

const ENVIRONMENT: Environment = {
  random: () => 0.5,
  secrets: (count) => new Uint8Array(count),
  crypto,
  epoch: EPOCH,
  without: new Set(),
  constants: {},
};

const numbered = (prefix: string, n: number): Address => {
  const octets = addressOctets(address(prefix));
  new DataView(octets.buffer).setUint32(12, n + 1);
  return addressOf(octets);
};
const clientAt = (n: number): Address => numbered('2001:db8:c::', n);
const serverAt = (n: number): Address => numbered('2001:db8:e::', n);

export function* anycast(): Generator<Measurement> {
  for (const size of SIZES) yield* atAgent(size);
  yield* spread();
}

/** An agent with two servers. */
class Agent {
  readonly #role: Role;
  #now: Instant = START;
  #clients = 0;

  constructor(size: number) {
    const members = [0, 1].map((n) => ({
      address: serverAt(n),
      authentication: { ...AUTHENTICATION, spi: AUTHENTICATION.spi + n },
    }));
    const policy = 'least-load';
    this.#role = createNode(
      {
        name: 'agent',
        anycastAgent: { service: SERVICE, address: AGENT, members, policy, maxClients: size },
      },
      ENVIRONMENT,
    );
    this.#feed({ kind: 'start' });
    const linkAddress = '\x02\0\0\0\0\x01' as LinkAddress;
    this.#feed({ kind: 'link', link: 'eth0', up: true, linkAddress, mtu: 1500 });
    this.#feed({ kind: 'address', link: 'eth0', address: AGENT, present: true });
    // A holder settles first, and a server is eased in.
    this.#now = seconds(2) as number as Instant;
    for (const [n, one] of members.entries()) this.#join(n, one.authentication.spi);
    this.#now = seconds(60) as number as Instant;
  }

  #feed(input: Input): readonly Output[] {
    return this.#role.handle(input, this.#now);
  }

  #join(n: number, spi: number): void {
    const authentication = { ...AUTHENTICATION, spi };
    const stamp = ntpTimestamp(EPOCH, this.#now);
    const careOf = serverAt(n);
    const proof = homeProof(authentication, crypto, { careOf, home: SERVICE }, stamp);
    const octets = packet(careOf, AGENT, [
      { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
      {
        layer: 'binding-update',
        ...{ sequence: 1, acknowledge: true, homeRegistration: true, lifetime: 900 },
        options: [{ option: 'alternate-care-of-address', careOfAddress: careOf }, ...proof.options],
      },
    ]);
    proof.sign(octets);
    this.#feed({ kind: 'packet', link: 'eth0', octets, reason: 'mobility' });
  }

  /** The first packets of so many clients that it does not know. Throws where one is not remembered. */
  meet(count: number): void {
    const packets = Array.from({ length: count }, (_, n) =>
      packet(clientAt(this.#clients + n), SERVICE, [
        { layer: 'udp', sourcePort: 1, destinationPort: 53 },
      ]),
    );
    const began = cpuSeconds();
    for (const octets of packets) {
      const outputs = this.#feed({ kind: 'packet', link: '', octets, reason: 'service-client' });
      if (!outputs.some(({ kind }) => kind === 'forward')) throw new Error('it was not remembered');
    }
    this.seconds = cpuSeconds() - began;
    this.#clients += count;
  }

  /** What the last of these took. */
  seconds = 0;
}

function* atAgent(size: number): Generator<Measurement> {
  const agent = new Agent(size + ROUNDS * BATCH);
  const before = heap();
  for (let left = size; left > 0; left -= BATCH) agent.meet(Math.min(left, BATCH));
  const octets = (heap() - before) / size;
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    agent.meet(BATCH);
    rates.push(BATCH / agent.seconds);
  }
  const many = size.toLocaleString('en').replaceAll(',', ' ');
  yield { name: `anycast: new clients, ${many} remembered`, value: median(rates), unit: 'a CPU-s' };
  if (size === SIZES[0]) return;
  yield { name: `anycast: memory of a client, ${many} remembered`, value: octets, unit: 'octets' };
}

const collect = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Which server each of the clients gets. */
type Chosen = readonly string[];
type Method = (members: readonly Member[], before?: Chosen) => Chosen;

const METHODS: Readonly<Record<string, Method>> = {
  'least-load, remembered': leastLoad,
  rendezvous: (members) => {
    const selection = new Selection('rendezvous', crypto);
    return clients.map((client) => selection.byHash(client, members)!.registrant);
  },
  'Maglev, 65 537 places': (members) => {
    const table = new MaglevTable(members, crypto.sha1);
    return clients.map((client) => table.pick(client));
  },
};

const clients = Array.from({ length: CLIENTS }, (_, n) => clientAt(n));

/** Those whose server is still there keep it; the others are new clients. */
function leastLoad(members: readonly Member[], before?: Chosen): Chosen {
  const selection = new Selection('least-load', crypto);
  const there = new Set(members.map(({ registrant }) => registrant));
  const given = new Map<string, number>();
  const take = (registrant: string) => {
    given.set(registrant, (given.get(registrant) ?? 0) + 1);
    return registrant;
  };
  const kept = clients.map((_, n) => {
    const known = before?.[n];
    return known !== undefined && there.has(known) ? take(known) : undefined;
  });
  return clients.map((client, n) => {
    const now = seconds(3600) as number as Instant;
    return kept[n] ?? take(selection.pick({ client, members, given }, now)!.registrant);
  });
}

function* spread(): Generator<Measurement> {
  const all = CAPACITIES.map((capacity, n): Member => {
    return { registrant: `${n}`, address: serverAt(n), capacity };
  });
  const joined = [...all, { registrant: 'new', address: serverAt(99), capacity: 30 }];
  const left = all.filter(({ registrant }) => registrant !== '6');
  for (const [name, method] of Object.entries(METHODS)) {
    const chosen = method(all);
    const of = `anycast: ${name}`;
    yield { name: `${of}: largest deviation of a server`, value: deviation(chosen), unit: '%' };
    for (const [what, members] of [
      ['joins (30 of 330 sessions)', joined],
      ['leaves (30 of 300 sessions)', left],
    ] as const) {
      const after = method(members, chosen);
      const moved = after.filter((one, n) => one !== chosen[n]).length;
      const unit = `of ${CLIENTS} clients`;
      yield { name: `${of}: changed when a server ${what}`, value: moved, unit };
    }
  }
}

/** From a server's share, in per cent of it. */
function deviation(chosen: Chosen): number {
  const total = CAPACITIES.reduce((sum, one) => sum + one, 0);
  const off = CAPACITIES.map((capacity, n) => {
    const share = (CLIENTS * capacity) / total;
    return Math.abs(chosen.filter((one) => one === `${n}`).length - share) / share;
  });
  return 100 * Math.max(...off);
}
