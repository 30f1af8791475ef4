import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../../test/by-hand.ts';
import { type Address, address, formatAddress } from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import { constantsWith } from '../../constants.ts';
import type { NodeState } from '../../node-state.ts';
import type { Output } from '../../role.ts';
import { QuicSessions } from './quic-sessions.ts';

const SERVICE = address('2001:db8:a::80');
const [ONE, TWO] = [address('2001:db8:f::1'), address('2001:db8:f::2')];

/** A server's sessions, with entries that have carried what `carried` says. */
function sessions(quicPorts: readonly number[], without: readonly string[] = []) {
  const config = { service: SERVICE, quicPorts } as unknown as ServiceConfig;
  const state = { env: { without: new Set(without) }, constants: constantsWith({}) };
  const own = new Set<Address>([ONE, TWO]);
  const entries = new Map<string, { readonly dport: number | undefined }>();
  const carried = new Map<string, number>();
  const kept = new QuicSessions(config, state as unknown as NodeState, (one) => own.has(one));
  const take = (outputs: readonly Output[]): Extract<Output, { kind: 'ask' }>[] =>
    outputs.flatMap((one) => {
      if (one.kind === 'forward') entries.set(one.entry.id, { dport: one.entry.match.dport });
      if (one.kind === 'unforward') entries.delete(one.id);
      return one.kind === 'ask' ? [one] : [];
    });
  return {
    ...{ kept, own, entries },
    begin: (client: Address, time: number) => take(kept.begin(client, at(time))),
    sends: (client: Address, port: number, packets: number) =>
      carried.set(`service/quic/2001:db8:a::80/${formatAddress(client)}/${port}`, packets),
    run: (end: number) => {
      for (let now = kept.deadline(); now !== undefined && now <= at(end); now = kept.deadline()) {
        for (const { id, entries: ids } of take(kept.tick(now))) {
          const use = ids.map((one) => ({ packets: carried.get(one) ?? 0, octets: 0 }));
          take(kept.answered(id, use, now));
        }
      }
    },
  };
}

test('a client has a session until it has sent nothing to a port of QUIC for half a minute', () => {
  const { kept, begin, sends, run, entries } = sessions([443, 8443]);
  begin(ONE, 0);
  begin(TWO, 0);
  assert.deepEqual(
    [...entries.values()].map(({ dport }) => dport),
    [443, 8443, 443, 8443],
  );
  assert.ok(kept.has(ONE), 'what brought it may be the first of one');
  sends(ONE, 8443, 7);
  run(5);
  sends(ONE, 8443, 9);
  run(29);
  assert.deepEqual([kept.has(ONE), kept.has(TWO)], [true, true]);
  run(30);
  assert.deepEqual([kept.has(ONE), kept.has(TWO)], [true, false]);
  run(39);
  assert.equal(kept.has(ONE), true);
  run(40);
  assert.equal(kept.has(ONE), false);
  sends(TWO, 443, 1);
  run(45);
  assert.equal(kept.has(TWO), true, 'it has begun another');
});

test('clients that are served elsewhere are nobody`s business here, and leave nothing', () => {
  const { kept, begin, run, own, entries } = sessions([443]);
  begin(ONE, 0);
  begin(ONE, 1);
  begin(TWO, 1);
  own.delete(ONE);
  run(5);
  assert.equal(kept.has(ONE), false);
  assert.equal(entries.size, 1);
  own.delete(TWO);
  run(20);
  assert.equal(entries.size, 0);
  assert.equal(kept.deadline(), undefined);
});

test('a server that speaks no QUIC looks for none', () => {
  for (const { kept, begin, entries } of [sessions([]), sessions([443], ['quic-sessions'])]) {
    begin(ONE, 0);
    assert.deepEqual([kept.has(ONE), entries.size, kept.deadline()], [false, 0, undefined]);
  }
});

test('of many clients two thousand are looked at in one go, and all of them are', () => {
  const { kept, begin, run, own } = sessions([443]);
  const clients = Array.from({ length: 5000 }, (_, i) => address(`2001:db8:c::${i.toString(16)}`));
  for (const one of clients) {
    own.add(one);
    begin(one, 0);
  }
  assert.equal(
    kept.tick(at(5)).flatMap((one) => (one.kind === 'ask' ? one.entries : [])).length,
    2000,
  );
  run(60);
  assert.ok(clients.every((one) => !kept.has(one)));
});
