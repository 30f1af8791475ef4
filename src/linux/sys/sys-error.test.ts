import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAPABILITY, effectiveCapabilities } from './privileges.ts';
import { errorName, SysError } from './sys-error.ts';

test('an error of a call names call, error and cure', () => {
  const error = new SysError('setns /run/netns/a', 1, { EPERM: 'run as root' });
  assert.equal(error.message, 'setns /run/netns/a: not permitted (EPERM, errno 1)');
  assert.equal(error.code, 'EPERM');
  assert.equal(error.hint, 'run as root');
});

test('what the kernel says itself is passed on', () => {
  const { message } = new SysError(
    'RTM_NEWROUTE',
    22,
    {},
    'Invalid prefix for given prefix length',
  );
  assert.match(message, /\(EINVAL, errno 22\); the kernel says: Invalid prefix for given/);
});

test('errors have the names that people search for', () => {
  assert.equal(errorName(11), 'EAGAIN');
  assert.equal(errorName(95), 'EOPNOTSUPP');
  assert.equal(errorName(105), 'ENOBUFS');
  assert.equal(errorName(77), 'EBADFD');
  assert.equal(errorName(4095), 'E4095');
});

test('capabilities are read from the text of /proc', () => {
  const bits = effectiveCapabilities('Name:\tnode\nCapEff:\t0000000000003000\nCapBnd:\tffff\n');
  assert.equal(bits, (1n << BigInt(CAPABILITY.NET_ADMIN)) | (1n << BigInt(CAPABILITY.NET_RAW)));
  assert.equal(effectiveCapabilities('Name:\tnode\n'), 0n);
});
