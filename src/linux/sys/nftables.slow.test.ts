import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, addressOctets } from '../../wire/address.ts';
import { inScratchNamespace } from './in-scratch-namespace.ts';
import { inNamespace } from './namespace.ts';
import { concatenatedKey } from './netlink/set-elements.ts';
import { applyRuleset, listTable, Nftables } from './nftables.ts';
import { obstacleToNamespaces } from './privileges.ts';
import { SysError } from './sys-error.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 30_000 };
const table = { family: 'inet', table: 'careof' } as const;
const own = { ...table, set: 'own' };
const RULESET = `
  table inet careof {}
  delete table inet careof
  table inet careof {
    set own { type ipv6_addr; }
    set pairs { type ipv6_addr . inet_proto; }
    chain prerouting {
      type filter hook prerouting priority -300
      ip6 daddr @own meta l4proto 135 drop
      ip6 daddr . meta l4proto @pairs drop
    }
  }`;
const key = (number: number) => addressOctets(address(`2001:db8::${number.toString(16)}`));

test('a ruleset is executed whole or not at all, and listed', limits, () => {
  inScratchNamespace('cf-sys-nft', (name) => {
    inNamespace(name, () => {
      assert.equal(listTable(table), undefined);
      applyRuleset(RULESET);
      applyRuleset(RULESET);
      const { nftables } = listTable(table) as { nftables: Record<string, { name?: string }>[] };
      assert.ok(nftables.some(({ chain }) => chain?.name === 'prerouting'));
      assert.throws(
        () => applyRuleset('delete table inet careof\nadd rule inet careof nowhere drop'),
        (error) => error instanceof SysError && /nowhere/.test(error.message),
      );
      assert.notEqual(listTable(table), undefined, 'the first line was undone');
      const client = new Nftables();
      assert.equal(client.removeTable(table), true);
      assert.equal(client.removeTable(table), false);
      assert.equal(listTable(table), undefined);
      client.close();
    });
  });
});

test('elements come and go without a process', limits, () => {
  inScratchNamespace('cf-sys-elements', (name) => {
    const client = inNamespace(name, () => {
      applyRuleset(RULESET);
      return new Nftables();
    });
    try {
      client.addElements(own, [key(1), key(2)]);
      client.addElements(own, [key(2)]);
      const shown = JSON.stringify(inNamespace(name, () => listTable(table)));
      assert.match(shown, /"2001:db8::1"/);
      const found = () =>
        client
          .elements(own)
          .map((one) => one[15])
          .sort();
      assert.deepEqual(found(), [1, 2]);
      client.removeElements(own, [key(1), key(7)]);
      assert.deepEqual(found(), [2]);
      const pair = concatenatedKey(key(5), Uint8Array.of(135));
      assert.equal(pair.length, 20);
      client.addElements({ ...table, set: 'pairs' }, [pair]);
      const pairs = JSON.stringify(inNamespace(name, () => listTable(table)));
      assert.match(pairs, /\{"concat":\["2001:db8::5",135|"mobility-header"/);
      assert.throws(() => client.addElements({ ...table, set: 'other' }, [key(1)]), {
        code: 'ENOENT',
      });
      assert.throws(() => client.addElements(own, [pair]), { code: 'EINVAL' });
    } finally {
      client.close();
    }
  });
});

test('thousands of elements at once', limits, () => {
  inScratchNamespace('cf-sys-many', (name) => {
    const client = inNamespace(name, () => {
      applyRuleset(RULESET);
      return new Nftables();
    });
    try {
      const keys = Array.from({ length: 20_001 }, (_, index) => key(index));
      client.addElements(own, keys);
      assert.equal(client.elements(own).length, 20_001);
      client.removeElements(own, keys);
      assert.deepEqual(client.elements(own), []);
      assert.deepEqual(client.elements({ ...table, set: 'other' }), []);
    } finally {
      client.close();
    }
  });
});
