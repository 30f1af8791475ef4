import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, address } from '../../../wire/address.ts';
import type { MobilityOption } from '../../../wire/packet.ts';
import { MAX_TOLD, servedClientsIn, servedClientsOptions } from './served-clients.ts';

const client = (n: number): Address => address(`2001:db8:f::${(n + 1).toString(16)}`);
const many = Array.from({ length: MAX_TOLD + 10 }, (_, n) => client(n));

test('as many clients as one message tells of are read back, in options of 15', () => {
  const options = servedClientsOptions(many);
  assert.equal(options.length, 4);
  assert.deepEqual(servedClientsIn(options as MobilityOption[]), many.slice(0, MAX_TOLD));
  assert.deepEqual(servedClientsOptions([]), []);
});

test('options of other vendors, of another kind, and of an odd length tell of nobody', () => {
  const [option] = servedClientsOptions([client(0)]) as Extract<
    MobilityOption,
    { option: 'vendor-specific' }
  >[];
  const changes = [{ vendorId: 1 }, { subtype: 1 }, { data: option!.data.subarray(1) }];
  for (const change of changes) assert.deepEqual(servedClientsIn([{ ...option!, ...change }]), []);
  const group = { ...option!, data: option!.data.slice() };
  group.data[0] = 0xff;
  assert.deepEqual(servedClientsIn([group]), [], 'a group is no client');
});
