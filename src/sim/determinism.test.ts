import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, milliseconds, seconds } from '../core/time.ts';
import { address } from '../wire/address.ts';
import { toHex } from '../wire/hex.ts';
import { pattern } from './kernel/tcp/send-stream.ts';
import { Link } from './link.ts';
import { Simulation } from './simulation.ts';
import { nodeOn } from './small-network.ts';

/** All frames of a busy link with every fault, as text. */
function frames(seed: number): string[] {
  const simulation = new Simulation(seed);
  const link = new Link(simulation, 'lan', {
    delay: milliseconds(3),
    jitter: milliseconds(2),
    loss: 0.05,
    duplicate: 0.02,
    reorder: { probability: 0.05, delay: milliseconds(4) },
    bandwidth: 10e6,
  });
  const seen: string[] = [];
  link.observe({
    sent: ({ octets }, when, sender) => seen.push(`${when} ${sender} ${toHex(octets)}`),
    delivered: (_frame, when, receiver) => seen.push(`${when} ${receiver} has it`),
    lost: (_frame, when, _sender, reason) => seen.push(`${when} ${reason}`),
  });
  const [a, b] = ['a', 'b'].map((name) =>
    nodeOn(simulation, name, { eth0: { link, addresses: [`2001:db8:1::${name}`] } }),
  );
  b!.kernel.tcp.listen(80, (connection) => {
    connection.handlers = { onData: () => {} };
  });
  a!.kernel.tcp.connect(address('2001:db8:1::b'), 80, {
    onConnect: (one) => {
      one.generate(100_000, pattern);
      one.close();
    },
  });
  simulation.run(seconds(60) as number as Instant);
  return seen;
}

test('the same seed gives the same frames, bit for bit; another gives others', () => {
  const first = frames(1);
  assert.ok(first.length > 200);
  assert.deepEqual(frames(1), first);
  assert.notDeepEqual(frames(2), first);
});
