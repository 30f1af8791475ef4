/** The daemon on real hosts: a move, a killed process, and what is left of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusJson } from '../../src/daemon/status.ts';
import { PLANES, withDaemons } from './daemons.ts';
import { exited, until } from './home-and-away.ts';

for (const plane of PLANES) {
  test(`a move, then a home agent that is killed and comes back with its binding (${plane})`, async (t) => {
    await withDaemons(t, { plane }, async (daemons) => {
      const { network } = daemons;
      const agent = daemons.up('ha');
      daemons.up('ar');
      daemons.up('laptop');
      const home = await until('the laptop is at home', daemons.atHome);
      assert.equal(home.homes![0]!.link, 'eth0');
      network.ip('laptop', 'link set eth0 down');
      const before = await until('the home agent knows the move', daemons.bound);
      const ping = ['ping', '-6', '-c', '3', '-i', '0.3', '-W', '5', '2001:db8:f::80'];
      assert.match(network.inside('laptop', ...ping), / 0% packet loss/);
      agent.child.kill('SIGKILL');
      // What was started is ip(8), which has become careof itself.
      await exited(agent.child);
      const { said } = daemons.up('ha');
      const after = await until('the binding is taken up again', daemons.bound);
      assert.equal(after.careof, before.careof);
      assert.equal(after.sequence, before.sequence);
      await until('it says so', () => said.join('').includes('taken up again'));
      assert.match(network.inside('laptop', ...ping), / 0% packet loss/);
    });
  });

  test(`ended it leaves the host as it found it; killed, when doctor --clean was there (${plane})`, async (t) => {
    await withDaemons(t, { plane }, async (daemons) => {
      const { network } = daemons;
      // The home agent second: the laptop's kernel would take up what it advertises.
      for (const host of ['laptop', 'ha'] as const) {
        await until(
          'addresses are settled',
          () => network.ip(host, '-6 addr show tentative') === '',
        );
        const before = network.traces(host);
        const { child } = daemons.up(host);
        await until(`${host} runs`, () => daemons.asked<StatusJson>(host, 'status')?.ready);
        assert.notDeepEqual(difference(before, network.traces(host)), []);
        if (host === 'laptop') {
          const clean = ['doctor', '--clean', '--state', daemons.state(host)];
          const refused = network.careof(host, ...clean);
          assert.equal(refused.code, 2);
          assert.match(refused.text, /a daemon answers at/);
          child.kill('SIGKILL');
          await exited(child);
          assert.match(network.careof(host, ...clean).text, /removed the device careof0/);
        } else {
          child.kill('SIGTERM');
          assert.equal(await exited(child), 0);
        }
        assert.deepEqual(difference(before, network.traces(host)), []);
      }
    });
  });
}

/** Lines that are on one side only. */
const difference = (before: ReadonlySet<string>, after: ReadonlySet<string>): string[] => [
  ...[...before].filter((line) => !after.has(line)).map((line) => `gone: ${line}`),
  ...[...after].filter((line) => !before.has(line)).map((line) => `new: ${line}`),
];
