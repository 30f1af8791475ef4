import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inScratchNamespace } from './in-scratch-namespace.ts';
import { inNamespace } from './namespace.ts';
import { obstacleToNamespaces } from './privileges.ts';
import { readSetting, writeSetting } from './sysctl.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 10_000 };

test('a setting is that of the namespace', limits, () => {
  const setting = 'ipv6/conf/lo/hop_limit';
  const before = readSetting(setting);
  inScratchNamespace('cf-sys-setting', (name) => {
    inNamespace(name, () => {
      assert.equal(writeSetting(setting, 33), true);
      assert.equal(readSetting(setting), '33');
    });
    assert.equal(readSetting(setting), before);
    inScratchNamespace('cf-sys-setting2', (other) => {
      assert.notEqual(
        inNamespace(other, () => readSetting(setting)),
        '33',
      );
    });
    inNamespace(name, () => {
      assert.equal(readSetting('ipv6/conf/eth9/hop_limit'), undefined);
      assert.equal(writeSetting('ipv6/conf/eth9/hop_limit', 1), false);
      assert.throws(() => writeSetting(setting, 'many'), { code: 'EINVAL' });
      assert.throws(() => readSetting('../kernel/hostname'), RangeError);
    });
  });
});
