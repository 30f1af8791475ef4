import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountsBelow } from './mounts.ts';

test('mounts below a folder, the inner ones first, and no neighbours', () => {
  const text = `23 28 0:21 / /sys rw - sysfs sysfs rw
90 23 0:40 / /run/careof-lab/12/mn/bpf rw - bpf bpf rw
91 90 0:41 / /run/careof-lab/12/mn/bpf/in\\040side rw - bpf bpf rw
92 23 0:42 / /run/careof-lab/123/bpf rw - bpf bpf rw
`;
  assert.deepEqual(mountsBelow('/run/careof-lab/12', text), [
    '/run/careof-lab/12/mn/bpf/in side',
    '/run/careof-lab/12/mn/bpf',
  ]);
});
