import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeMachine, type MachineFacts, observeMachine } from './machine.ts';

/** A machine that has everything. */
const WHOLE: MachineFacts = {
  platform: 'linux',
  release: '6.18.44-generic',
  capabilities: 0x1ffffffffffn,
  tun: 'ok',
  bpf: 'ok',
  tcx: 'ok',
  rules: 'ok',
  settings: { 'user/max_user_namespaces': '7000', 'net/ipv6/conf/all/disable_ipv6': '0' },
  programs: {
    ip: '/usr/sbin/ip',
    nft: '/usr/sbin/nft',
    tc: '/usr/sbin/tc',
    unshare: '/usr/bin/unshare',
  },
};

/** Name, state and mend of what is not in order. */
const complaints = (facts: Partial<MachineFacts>) =>
  judgeMachine({ ...WHOLE, ...facts })
    .filter(({ state }) => state !== 'ok')
    .map(({ name, state, mend }) => [name, state, mend]);

test('a machine that has everything is not complained of', () => {
  assert.deepEqual(complaints({}), []);
});

test('each thing that is missing is named, with its mend', () => {
  const root = 'run it as root: sudo careof ...';
  assert.deepEqual(complaints({ capabilities: 0n, bpf: 'EPERM', tcx: 'EPERM' }), [
    ['CAP_NET_ADMIN', 'missing', root],
    ['CAP_NET_RAW', 'missing', root],
    ['CAP_SYS_ADMIN', 'missing', root],
    ['bpf(2)', 'missing', root],
    ['tcx', 'missing', root],
  ]);
  assert.deepEqual(complaints({ tun: 'ENODEV' }), [
    ['/dev/net/tun', 'missing', 'sudo modprobe tun'],
  ]);
  assert.deepEqual(complaints({ tcx: 'EINVAL', release: '6.1.0' }), [
    ['tcx', 'too-old', 'a kernel of 6.6 or later; tc does until then'],
  ]);
  assert.deepEqual(complaints({ release: '5.10.0-8' }), [
    ['Linux', 'too-old', 'a kernel of 5.18 or later'],
  ]);
  const { nft, ...others } = WHOLE.programs;
  assert.ok(nft);
  assert.deepEqual(complaints({ programs: others }), [
    ['nft', 'missing', 'sudo apt install nftables'],
  ]);
});

test('a system whose TCP finds no black holes is told how it would', () => {
  const off = { settings: { ...WHOLE.settings, 'net/ipv4/tcp_mtu_probing': '0' } };
  const mend = 'sudo sysctl net.ipv4.tcp_mtu_probing=1';
  assert.deepEqual(complaints(off), [['TCP finds black holes', 'missing', mend]]);
});

test('user namespaces are refused in three ways', () => {
  const refusing = (settings: Record<string, string>) =>
    complaints({ settings: { ...WHOLE.settings, ...settings } })[0]?.[2];
  assert.match(refusing({ 'user/max_user_namespaces': '0' })!, /max_user_namespaces=10000/);
  assert.match(refusing({ 'kernel/unprivileged_userns_clone': '0' })!, /userns_clone=1/);
  assert.match(refusing({ 'kernel/apparmor_restrict_unprivileged_userns': '1' })!, /userns=0/);
  assert.equal(refusing({ 'kernel/unprivileged_userns_clone': '1' }), undefined);
});

test('another system is told that it is one', () => {
  assert.deepEqual(complaints({ platform: 'darwin' })[0], [
    'Linux',
    'missing',
    'a Linux machine or VM',
  ]);
});

test('this machine can be looked at, whatever it is', () => {
  const facts = observeMachine();
  assert.equal(facts.platform, process.platform);
  for (const outcome of [facts.tun, facts.bpf, facts.tcx, facts.rules]) {
    assert.match(outcome, /^(ok|E[A-Z0-9]+)$/);
  }
  assert.equal(judgeMachine(facts).length, 14);
});
