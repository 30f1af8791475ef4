/** What a host with several providers tells its operator, at moments of a run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RoleView } from '../core/role.ts';
import type { Instant } from '../core/time.ts';
import { readScenario } from '../lab/scenario/read.ts';
import { EPOCH, worldOf } from '../lab/sim/run.ts';
import { address } from '../wire/address.ts';
import type { Daemon } from './daemon.ts';
import { Ledger } from './ledger.ts';
import { providerProblems, providersOf, routedLinks, sessionSentences } from './providers.ts';

const PEER = address('2001:db8:f::3');

/** eth0's cable is out from 10 s to 100 s. */
const network = (more: string) => `title: two providers
links:
  a:    { prefix: 2001:db8:a::/64, delay: 5ms }
  b:    { prefix: 2001:db8:b::/64, delay: 5ms }
  core: { prefix: 2001:db8:f::/64, delay: 10ms }
nodes:
  ra: { role: access-router, on: [a, core], ra-interval: [1s, 2s], ra-delay: 0ms }
  rb: { role: access-router, on: [b, core], ra-interval: [1s, 2s], ra-delay: 0ms }
  cn: { role: correspondent-node, on: [core] }
  mh: { role: multihomed-host, interfaces: { eth0: a, eth1: b }${more} }
traffic:
  down: { protocol: udp, from: cn, to: mh, rate: 20/s, payload: 64B, start: 3s, stop: 200s }
events:
  - { at: 10s, link-down: mh.eth0 }
  - { at: 100s, link-up: mh.eth0 }
`;

/** What a daemon in place of the node would know at that second. */
function daemonsAt(text: string, times: readonly number[]): Daemon[] {
  const file = new URL('../../scenarios/mobility/demo-key.pem', import.meta.url);
  const read = readScenario('two.yaml', new TextEncoder().encode(text), () => readFileSync(file));
  const scenario = read.ok ? read.value : assert.fail('the scenario is right');
  const { simulation, network, applications } = worldOf(scenario, {});
  network.start(scenario.events);
  applications.start(network.nodes);
  return times.map((second) => {
    const now = (second * 1e6) as Instant;
    simulation.run(now);
    const view: RoleView = network.nodes.get('mh')!.role!.inspect!();
    const ledger = new Ledger({ name: 'mh' });
    for (const { at, node, event } of network.events) if (node === 'mh') ledger.add(event, at);
    const clock = { now: () => now, epoch: EPOCH };
    // What these functions read of a daemon.
    return { clock, ledger, role: { inspect: () => view } } as unknown as Daemon;
  });
}

const whatIsWrong = (daemon: Daemon) => [...providerProblems(daemon)].map(({ what }) => what);

test('which provider carries a session, why, and until when, by return routability alone', () => {
  const [before, gone, back, held] = daemonsAt(network(''), [9, 12, 110, 140]) as [
    ...[Daemon, Daemon, Daemon, Daemon],
  ];
  const [first, proof, would] = sessionSentences(before, PEER);
  assert.match(
    first!,
    /^The session 2001:db8:a:.* - 2001:db8:f::3 goes by 2001:db8:a:.* \(the provider on eth0\): it began with that address\.$/,
  );
  assert.equal(proof, 'What proves it: tests of both addresses (return routability).');
  // The Home Test was answered at 3 s: 210 s, less 10 s, and 420 s more.
  assert.equal(would, 'If its provider failed now, it would go on by another until 00:10:23 UTC.');
  assert.deepEqual(whatIsWrong(before), []);
  assert.deepEqual([...routedLinks(before)], ['eth0', 'eth1']);

  const [moved, , ends, path] = sessionSentences(gone, PEER);
  assert.match(moved!, /goes by 2001:db8:b:.* \(the provider on eth1\): the provider of its own/);
  assert.match(ends!, /^It ends at 00:10:23 UTC unless its own provider is back before/);
  assert.match(
    path!,
    /^From 2001:db8:b:.* it can carry; a test was last answered .* s ago, in \d+ ms/,
  );
  assert.match(whatIsWrong(gone)[0]!, /^a session ends at 00:10:23 UTC: the provider of its/);
  assert.match(whatIsWrong(gone)[1]!, /^only eth1 has a provider/);
  const { providers, sessions, elsewhere, first_end } = providersOf(gone)!;
  assert.deepEqual(
    providers.map(({ link, carries }) => [link, carries]),
    [['eth1', 1]],
  );
  assert.deepEqual(
    { sessions, elsewhere, first_end },
    { sessions: 1, elsewhere: 1, first_end: '00:10:23 UTC' },
  );

  const returning = sessionSentences(back, PEER).join('\n');
  assert.match(returning, /its own address carries again, but has not for long enough/);
  assert.match(returning, /carries again, used in \d+ s/);
  assert.match(sessionSentences(held, PEER)[0]!, /on eth0\): it began with that address/);
  assert.deepEqual(whatIsWrong(held), []);
});

test('a key has no such end, and a peer that refuses is named', () => {
  const peers = ', peers: { rfc4866: { key: "file:key.pem" } }';
  const [before, gone] = daemonsAt(network(peers), [9, 12]) as [Daemon, Daemon];
  assert.match(sessionSentences(before, PEER)[1]!, /the key that the address is made of/);
  const after = sessionSentences(gone, PEER).join('\n');
  assert.match(after, /the token that the peer gave/);
  assert.match(after, /The peer holds the binding until 01:00:\d\d UTC/);
  assert.doesNotMatch(after, /It ends at/);
  const [first] = gone.role!.inspect!().multihoming!.sessions;
  const { identity: home, peer, by: careof } = first!;
  const refused = { kind: 'registration.refused', home, peer, careof } as const;
  gone.ledger.add({ ...refused, reason: 'cgaAndSignatureVerificationFailed' }, gone.clock.now());
  assert.match(
    sessionSentences(gone, PEER).join('\n'),
    /What went wrong last, 0 s ago: cga and signature verification failed\. The key/,
  );
});
