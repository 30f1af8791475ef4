/** How fast the simulator is: packets over links, and a scenario of ten thousand mobile nodes. */

import { after, milliseconds } from '../src/core/time.ts';
import { readScenario, reportOf, runOnSimulator } from '../src/lab/index.ts';
import { Link, Simulation } from '../src/sim/index.ts';
import { nodeOn } from '../src/sim/small-network.ts';
import { address } from '../src/wire/address.ts';
import { cpuSeconds, type Measurement, rates } from './measure.ts';

const ROUTERS = 8;
const MOBILE_NODES = 10_000;
const NETWORKS = 100;
/** Longer than a datagram takes from end to end. */
const A_WHILE = milliseconds(1);

export function simulator(): Measurement[] {
  const { send, received } = chain();
  let sent = 0;
  const [datagrams] = rates((count) => {
    send(count);
    sent += count;
  });
  if (received() !== sent) throw new Error(`${sent - received()} datagrams were lost`);
  return [
    {
      name: `packet hops through ${ROUTERS} routers`,
      ...{ value: datagrams! * (ROUTERS + 1), unit: 'hops/s', aim: { least: 300_000 } },
    },
    manyMoves(),
  ];
}

/** A host, routers in a row, a host: datagrams are sent and come through at once. */
function chain(): { send(count: number): void; received(): number } {
  const simulation = new Simulation(1);
  const links = Array.from({ length: ROUTERS + 1 }, (_, i) => new Link(simulation, `l${i}`));
  const net = (i: number) => `2001:db8:${(i + 1).toString(16)}::`;
  for (let i = 0; i < ROUTERS; i++) {
    const left = { link: links[i]!, addresses: [`${net(i)}2`] };
    const right = { link: links[i + 1]!, addresses: [`${net(i + 1)}1`] };
    const forth = { '2001:db8:ffff::/48': `${net(i + 1)}2` };
    nodeOn(simulation, `r${i}`, { left, right: { ...right, routes: forth } }, { forwarding: true });
  }
  const target = address('2001:db8:ffff::1');
  const first = { link: links[0]!, addresses: [`${net(0)}1`], routes: { '::/0': `${net(0)}2` } };
  const a = nodeOn(simulation, 'a', { eth0: first });
  const last = { link: links[ROUTERS]!, addresses: [`${net(ROUTERS)}2`, '2001:db8:ffff::1'] };
  const b = nodeOn(simulation, 'b', { eth0: last });
  let received = 0;
  b.kernel.udp.open({
    port: 9,
    onDatagram: () => {
      received += 1;
    },
  });
  const socket = a.kernel.udp.open({});
  const payload = new Uint8Array(512);
  return {
    received: () => received,
    send: (count) => {
      // Few at a time: those that wait for a neighbour to be resolved have little room.
      for (let i = 0; i < count; i++) {
        socket.send(target, 9, payload);
        if (i % 16 === 15 || i === count - 1) simulation.run(after(simulation.now, A_WHILE));
      }
    },
  };
}

/** CPU time of a scenario in which each of ten thousand mobile nodes moves once. */
function manyMoves(): Measurement {
  const text = new TextEncoder().encode(scenarioText());
  const read = readScenario('many-moves.yaml', text, () => new Uint8Array());
  if (!read.ok) throw new Error(read.error.map(({ message }) => message).join('; '));
  const began = cpuSeconds();
  const { verdicts, handovers } = reportOf(runOnSimulator(read.value));
  const took = cpuSeconds() - began;
  const failed = verdicts.find(({ ok }) => !ok);
  if (failed !== undefined) throw new Error(`${failed.text}: was ${failed.actual}`);
  return {
    name: `a scenario in which ${handovers.length} mobile nodes move once`,
    ...{ value: took, unit: 's', aim: { most: 60 } },
  };
}

/** Mobile nodes all over a hundred networks, each of which goes to the next network. */
function scenarioText(): string {
  const networks = Array.from({ length: NETWORKS }, (_, i) => i);
  const key = '{ rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }';
  const count = MOBILE_NODES / NETWORKS;
  return [
    'title: Ten thousand mobile nodes move once',
    'links:',
    '  core: { prefix: 2001:db8:f::/64, bandwidth: 10Gbit/s }',
    '  home: { prefix: 2001:db8:1::/64, bandwidth: 10Gbit/s }',
    ...networks.map((i) => `  v${i}: { prefix: "2001:db8:${(0x1000 + i).toString(16)}::/64" }`),
    'nodes:',
    '  ha: { role: home-agent, on: [home, core], serves: home, ra-interval: [1s, 3s] }',
    ...networks.map(
      (i) => `  ar${i}: { role: access-router, on: [v${i}, core], ra-interval: [1s, 3s] }`,
    ),
    ...networks.map(
      (i) =>
        `  mn${i}: { role: mobile-node, home: home, home-agent: ha, count: ${count}, auth: ${key}, interfaces: { wlan0: v${i} } }`,
    ),
    'events:',
    ...networks.map(
      (i) => `  - { at: 10s, move: mn${i}.wlan0, to: v${(i + 1) % NETWORKS}, over: 5s }`,
    ),
    'expect:',
    `  ha: { bindings: ${MOBILE_NODES} }`,
  ].join('\n');
}
