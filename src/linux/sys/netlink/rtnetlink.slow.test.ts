import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { address, formatAddress } from '../../../wire/address.ts';
import { inScratchNamespace } from '../in-scratch-namespace.ts';
import { descriptorOfNamespace, inNamespace } from '../namespace.ts';
import { Poller } from '../poller.ts';
import { obstacleToNamespaces } from '../privileges.ts';
import { IFA_F } from './addresses.ts';
import { addRoute, removeRoute } from './routes.ts';
import { type Change, Rtnetlink, RtnetlinkMonitor } from './rtnetlink.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 30_000 };
const ip = (name: string, ...args: string[]) =>
  execFileSync('ip', ['-n', name, '-6', ...args], { encoding: 'utf8' });

/** Makes a cable `a` - `b`, both ends up; gives their ifindexes. */
function createCable(client: Rtnetlink): [a: number, b: number] {
  client.createVeth({ name: 'a' }, { name: 'b', mtu: 1400 });
  const ends = [client.link('a')!.ifindex, client.link('b')!.ifindex] as [number, number];
  for (const end of ends) client.setLink(end, { up: true });
  return ends;
}

/** A namespace with a cable `a` - `b` in it, both ends up, and a client in it. */
function withCable(name: string, run: (client: Rtnetlink, a: number, b: number) => void): void {
  inScratchNamespace(name, () => {
    const client = inNamespace(name, () => new Rtnetlink());
    try {
      const ends = createCable(client);
      run(client, ...ends);
    } finally {
      client.close();
    }
  });
}

test('links are made, listed, changed and removed', limits, () => {
  withCable('cf-sys-links', (client, a, b) => {
    const names = client.links().map(({ name }) => name);
    assert.deepEqual(names.sort(), ['a', 'b', 'lo']);
    const found = client.link(b)!;
    assert.deepEqual([found.name, found.up, found.carrier], ['b', true, true]);
    assert.deepEqual([found.mtu, found.kind, found.type], [1400, 'veth', 1]);
    const linkAddress = '\x02\x00\x00\x00\x00\x09' as never;
    client.setLink(a, { up: false });
    client.setLink(a, { linkAddress, addressGeneration: 'none', mtu: 1300 });
    assert.match(ip('cf-sys-links', '-d', 'link', 'show', 'a'), /mtu 1300.*02:00:00:00:00:09/s);
    assert.match(ip('cf-sys-links', '-d', 'link', 'show', 'a'), /addrgenmode none/);
    assert.equal(client.link('a')!.linkAddress, linkAddress);
    client.createBridge('br');
    const bridge = client.link('br')!;
    assert.equal(bridge.kind, 'bridge');
    client.setLink(b, { master: bridge.ifindex });
    assert.equal(client.link('b')!.master, bridge.ifindex);
    assert.equal(client.deleteLink(a), true);
    assert.equal(client.deleteLink(a), false);
    assert.equal(client.link('b'), undefined, 'the other end goes too');
    assert.throws(() => client.createBridge('br'), { code: 'EEXIST' });
  });
});

test('a cable joins two namespaces', limits, () => {
  withCable('cf-sys-here', (client) => {
    inScratchNamespace('cf-sys-there', (there) => {
      const namespace = descriptorOfNamespace(there);
      client.createVeth({ name: 'near' }, { name: 'far', namespace: namespace.fd });
      namespace.close();
      assert.ok(client.link('near'));
      assert.match(ip(there, '-br', 'link'), /^far/m);
    });
  });
});

test('addresses carry their flags, lifetimes and maker', limits, () => {
  withCable('cf-sys-addresses', (client, a) => {
    const one = { ifindex: a, address: address('2001:db8::5'), prefixLength: 64, protocol: 175 };
    client.addAddress({ ...one, flags: IFA_F.NODAD | IFA_F.NOPREFIXROUTE });
    assert.throws(() => client.addAddress(one), { code: 'EEXIST' });
    const [found] = client.addresses(a).filter(({ address }) => address === one.address);
    assert.equal(found!.flags, IFA_F.NODAD | IFA_F.NOPREFIXROUTE | IFA_F.PERMANENT);
    assert.equal(found!.protocol, 175);
    assert.doesNotMatch(ip('cf-sys-addresses', 'route'), /2001:db8::/);
    client.replaceAddress({ ...one, flags: IFA_F.NODAD, preferredSeconds: 0 });
    assert.match(
      ip('cf-sys-addresses', 'addr', 'show', 'dev', 'a'),
      /2001:db8::5\/64 .*deprecated.*preferred_lft 0sec/s,
    );
    assert.equal(client.removeAddress(one), true);
    assert.equal(client.removeAddress(one), false);
    const missing = { ...one, ifindex: 4711 };
    assert.throws(
      () => client.addAddress(missing),
      /add address 2001:db8::5\/64 at link 4711: there/,
    );
  });
});

test('routes are made as said, found again by table and maker, and removed', limits, () => {
  withCable('cf-sys-routes', (client, a, b) => {
    client.replaceAddress({ ifindex: a, address: address('fd00::1'), prefixLength: 64, flags: 2 });
    const destination = { address: address('2001:db8:a::'), length: 48 };
    const base = { destination, ifindex: a, table: 9900, protocol: 175, metric: 10 };
    client.addRoute({
      ...base,
      via: address('fd00::2'),
      preferredSource: address('fd00::1'),
      mtu: 1380,
    });
    const shown = ip('cf-sys-routes', 'route', 'show', 'table', '9900');
    assert.match(
      shown,
      /2001:db8:a::\/48 via fd00::2 dev a proto 175 src fd00::1 metric 10 mtu 1380/,
    );
    assert.throws(() => client.addRoute(base), { code: 'EEXIST' });
    client.replaceRoute({ ...base, ifindex: b });
    const [route] = client.routes({ table: 9900 });
    assert.deepEqual(route, { ...base, ifindex: b, type: 'unicast' });
    client.addRoute({ type: 'unreachable', table: 9900, metric: 4000, protocol: 175 });
    assert.equal(client.routes({ protocol: 175 }).length, 2);
    assert.deepEqual(client.routes({ table: 9999 }), [], 'a table without routes');
    assert.equal(client.removeRoute({ destination, table: 9900 }), true);
    assert.equal(client.removeRoute({ destination, table: 9900 }), false);
    assert.throws(
      () => client.addRoute({ destination, via: address('2001:db8:b::1') }),
      /EHOSTUNREACH|EINVAL/,
    );
  });
});

test('an IPv4 route may lead by an IPv6 next hop', limits, () => {
  withCable('cf-sys-ipv4', (client, a) => {
    client.replaceAddress({ ifindex: a, address: address('fd00::1'), prefixLength: 64, flags: 2 });
    client.addAddress({ ifindex: a, address: address('192.0.2.10'), prefixLength: 32 });
    const destination = { address: address('198.51.100.7'), length: 32 };
    const route = { destination, ifindex: a, via: address('fd00::2') };
    client.addRoute(route);
    client.addRoute({ ...route, destination: { address: address('0.0.0.0'), length: 0 } });
    const shown = ip('cf-sys-ipv4', '-4', 'route', 'show');
    assert.match(shown, /198\.51\.100\.7 via inet6 fd00::2 dev a/);
    assert.match(shown, /default via inet6 fd00::2 dev a/);
    const [found] = client.routes({ ipv4: true }).filter(({ via }) => via !== undefined);
    assert.equal(formatAddress(found!.via!), 'fd00::2');
    assert.equal(client.removeRoute(route), true);
    assert.doesNotMatch(ip('cf-sys-ipv4', '-4', 'route', 'show'), /198/);
  });
});

test('which way a packet goes can be asked for', limits, () => {
  withCable('cf-sys-way', (client, a) => {
    client.replaceAddress({ ifindex: a, address: address('fd00::1'), prefixLength: 64, flags: 2 });
    client.addRoute({ via: address('fd00::2'), ifindex: a, mtu: 1290 });
    const way = client.routeOf({ destination: address('2001:db8::9') });
    assert.ok(typeof way === 'object');
    assert.deepEqual([way.ifindex, way.mtu], [a, 1290]);
    assert.equal(formatAddress(way.via!), 'fd00::2');
    assert.equal(formatAddress(way.preferredSource!), 'fd00::1');
    client.addRule({ priority: 90, mark: 0xca, table: 9901 });
    client.addRoute({ type: 'unreachable', table: 9901 });
    const marked = client.routeOf({ destination: address('2001:db8::9'), mark: 0xca });
    assert.match(String(marked), /UNREACH/);
  });
});

test('rules are made, listed and removed', limits, () => {
  withCable('cf-sys-rules', (client) => {
    const rule = {
      priority: 100,
      arrivedBy: 'a',
      invert: true,
      table: 9900,
      protocol: 175,
    };
    client.addRule(rule);
    const from = { address: address('2001:db8::5'), length: 128 };
    client.addRule({ priority: 101, from, table: 9901, protocol: 175, findSource: true });
    assert.match(ip('cf-sys-rules', 'rule'), /100:\tnot from all iif a lookup 9900 proto 175/);
    assert.match(ip('cf-sys-rules', 'rule'), /101:\tfrom 2001:db8::5 lookup 9901 proto 175/);
    const ours = client.rules().filter(({ protocol }) => protocol === 175);
    assert.deepEqual(ours[0], rule);
    assert.deepEqual(ours[1]!.from, from);
    assert.throws(() => client.addRule(rule), { code: 'EEXIST' });
    for (const one of ours) assert.equal(client.removeRule(one), true);
    assert.equal(client.removeRule(rule), false);
  });
});

test('neighbours and proxied addresses', limits, () => {
  withCable('cf-sys-neighbours', (client, a) => {
    const linkAddress = '\x02\x00\x00\x00\x00\x09' as never;
    const one = { ifindex: a, address: address('fe80::9'), linkAddress };
    client.replaceNeighbour(one);
    assert.match(
      ip('cf-sys-neighbours', 'neigh'),
      /fe80::9 dev a lladdr 02:00:00:00:00:09 PERMANENT/,
    );
    assert.equal(client.neighbour(a, one.address)!.linkAddress, linkAddress);
    assert.equal(client.neighbour(a, address('fe80::8')), undefined);
    assert.equal(client.removeNeighbour(one), true);
    const proxied = { ifindex: a, address: address('2001:db8::5'), proxy: true, protocol: 175 };
    client.replaceNeighbour(proxied);
    assert.match(ip('cf-sys-neighbours', 'neigh', 'show', 'proxy'), /2001:db8::5 dev a proxy/);
    const [found] = client.neighbours({ proxy: true });
    assert.equal(found!.address, proxied.address);
    assert.equal(client.removeNeighbour(proxied), true);
    assert.equal(client.removeNeighbour(proxied), false);
    client.useNeighbour(a, address('fe80::77'));
    assert.ok(client.neighbour(a, address('fe80::77')), 'it is being resolved');
  });
});

test('many requests go at once; those that fail are told by index', limits, () => {
  withCable('cf-sys-batch', (client, a) => {
    const routes = Array.from({ length: 3000 }, (_, i) => ({
      destination: { address: address(`2001:db8::${(i + 1).toString(16)}`) },
      ifindex: a,
      table: 9900,
    }));
    routes[700] = routes[3]!;
    const errors = client.runAll(routes.map(addRoute));
    assert.deepEqual(
      errors.flatMap((error, index) => (error === undefined ? [] : [[index, error.code]])),
      [[700, 'EEXIST']],
    );
    assert.equal(client.routes({ table: 9900 }).length, 2999);
    const again = client.runAll(routes.map(addRoute));
    assert.equal(again.filter((error) => error?.code === 'EEXIST').length, 3000, 'all fail');
    const gone = client.runAll(routes.map(removeRoute));
    assert.equal(gone.filter((error) => error !== undefined).length, 1);
    assert.deepEqual(client.routes({ table: 9900 }), []);
  });
});

test('changes are told; when too many came, that is told', limits, async () => {
  await inScratchNamespace('cf-sys-monitor', async (name) => {
    const client = inNamespace(name, () => new Rtnetlink());
    const poller = new Poller();
    const changes: Change[] = [];
    let wake = () => {};
    const monitor = inNamespace(
      name,
      () =>
        new RtnetlinkMonitor(poller, ['links', 'addresses', 'routes', 'neighbours'], (change) => {
          changes.push(change);
          wake();
        }),
    );
    const until = async (found: (change: Change) => boolean) => {
      while (!changes.some(found)) await new Promise<void>((resolve) => (wake = resolve));
    };
    try {
      createCable(client);
      await until(
        (change) => change.kind === 'link' && change.link.name === 'a' && change.link.carrier,
      );
      const { ifindex } = client.link('a')!;
      const added = address('2001:db8::5');
      client.addAddress({ ifindex, address: added, prefixLength: 64, flags: IFA_F.NODAD });
      await until((change) => change.kind === 'address' && change.address.address === added);
      await until((change) => change.kind === 'route' && change.route.ifindex === ifindex);
      client.deleteLink(ifindex);
      await until(
        (change) => change.kind === 'link' && !change.present && change.link.name === 'a',
      );
      client.createBridge('c');
      const other = client.link('c')!.ifindex;
      client.setLink(other, { up: true });
      const routes = Array.from({ length: 6000 }, (_, i) => ({
        destination: { address: address(`2001:db8::${(i + 1).toString(16)}`) },
        ifindex: other,
        table: 9900,
      }));
      client.runAll(routes.map(addRoute));
      await until(({ kind }) => kind === 'overrun');
    } finally {
      monitor.close();
      poller.close();
      client.close();
    }
  });
});
