import assert from 'node:assert/strict';
import test from 'node:test';
import { fromHex } from './hex.ts';
import { bindingUpdate } from './mobility/binding-update.ts';

// scapy 2.5.0's Binding Update, vectors gen-s1-00005-bu: A 0, K 1, R 1, lifetime 65163.
const OCTETS = fromHex('3b010500000037b51400fe8b01020000')!;

test('a message is read with all its fields, in the order of the picture', () => {
  const parsed = bindingUpdate.parse(OCTETS);
  assert.ok(parsed.ok);
  assert.deepEqual(bindingUpdate.describe(parsed.value), [
    'payloadProto = 59',
    'headerLen = 1',
    'mhType = 5',
    'reserved = 0',
    'checksum = 0',
    'sequence = 14261',
    'acknowledge = false',
    'homeRegistration = false',
    'linkLocalAddressCompatibility = false',
    'keyManagementMobilityCapability = true',
    'mobilityAnchorPoint = false',
    'mobileRouter = true',
    'proxyRegistration = false',
    'messageReserved = 0',
    'lifetime = 65163',
    'options = [{"option":"padn","data":"0000"}]',
  ]);
  assert.deepEqual(bindingUpdate.serialise(parsed.value, true), OCTETS);
});

test('offsets are those of the RFC picture, for the data planes', () => {
  const { offsetOf } = {
    offsetOf: (field: Parameters<typeof bindingUpdate.offsetOf>[0]) =>
      bindingUpdate.offsetOf(field),
  };
  assert.equal(bindingUpdate.size, 12);
  assert.deepEqual(
    [offsetOf('checksum'), offsetOf('sequence'), offsetOf('acknowledge'), offsetOf('lifetime')],
    [4, 6, 8, 10],
  );
  assert.equal(offsetOf('options'), 12);
});

test('a cut message says at which field and octet', () => {
  for (let size = 0; size < bindingUpdate.size; size++) {
    const parsed = bindingUpdate.parse(OCTETS.subarray(0, size));
    assert.ok(!parsed.ok);
    assert.equal(parsed.error.reason, 'truncated');
    assert.equal(parsed.error.offset, size);
  }
  const parsed = bindingUpdate.parse(OCTETS.subarray(0, 7));
  assert.equal(!parsed.ok && parsed.error.field, 'sequence');
});

test('absent fields are zero, false or what their RFC fixes', () => {
  const octets = bindingUpdate.serialise({ layer: 'binding-update' });
  assert.deepEqual([...octets], [59, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0]);
});
