import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, milliseconds, START, seconds } from '../../core/time.ts';
import { type Address, address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, watch } from '../small-network.ts';

/** A host with addresses of two providers, and the router of one of them. */
function network() {
  const simulation = new Simulation(1);
  const [site, core] = ['site', 'core'].map(
    (name) => new Link(simulation, name, { delay: milliseconds(1) }),
  ) as [Link, Link];
  const provided = [{ address: address('2001:db8:a::'), length: 64 }];
  const router = nodeOn(
    simulation,
    'router',
    {
      in: {
        link: site,
        addresses: ['2001:db8:a::1'],
        routes: { '2001:db8:b::/64': '2001:db8:a::5' },
      },
      out: {
        link: core,
        addresses: ['2001:db8:f::1'],
        routes: { '198.51.100.7/32': '2001:db8:f::5' },
      },
    },
    { forwarding: true, ingress: new Map([['in', provided]]) },
  );
  const host = nodeOn(simulation, 'host', {
    eth0: {
      link: site,
      addresses: ['2001:db8:a::5', '2001:db8:b::5'],
      routes: { '::/0': '2001:db8:a::1', '0.0.0.0/0': '2001:db8:a::1' },
    },
  });
  nodeOn(simulation, 'peer', {
    eth0: { link: core, addresses: ['2001:db8:f::5'], routes: { '::/0': '2001:db8:f::1' } },
  });
  const send = (source: Address) => {
    host.kernel.output.send(
      serialisePacket([
        { layer: 'ipv6', source, destination: address('2001:db8:f::5') },
        { layer: 'udp', sourcePort: 1, destinationPort: 9, payload: new Uint8Array(8) },
      ]),
    );
    simulation.run(after(START, seconds(1)));
  };
  return { simulation, host, send, router, onSite: watch(site), onCore: watch(core) };
}

test('a provider lets its customer send from the address that it gave', () => {
  const { send, router, onCore } = network();
  send(address('2001:db8:a::5'));
  assert.equal(having(onCore, 'udp').length, 1);
  assert.equal(router.counters()['kernel.ingress_filtered'], undefined);
});

test('a foreign source is dropped, counted, and told to its sender', () => {
  const { send, router, onCore, onSite } = network();
  send(address('2001:db8:b::5'));
  assert.equal(having(onCore, 'udp').length, 0);
  assert.equal(router.counters()['kernel.ingress_filtered'], 1);
  const [error] = having(onSite, 'destination-unreachable');
  assert.equal(layerIn(error, 'destination-unreachable')?.code, 5, 'RFC 4443 section 3.1');
});

test('it gave nobody an IPv4 address, and filters none', () => {
  const { simulation, host, router, onCore } = network();
  host.kernel.output.send(
    serialisePacket([
      { layer: 'ipv4', source: address('192.0.2.10'), destination: address('198.51.100.7') },
      { layer: 'udp', sourcePort: 1, destinationPort: 9, payload: new Uint8Array(8) },
    ]),
  );
  simulation.run(after(START, seconds(1)));
  assert.equal(having(onCore, 'udp').length, 1);
  assert.equal(router.counters()['kernel.ingress_filtered'], undefined);
});
