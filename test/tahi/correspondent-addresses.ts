/** Who is where in the correspondent node items, and the many names that the items have for them. */
import { type Address, address } from '../../src/wire/address.ts';
import { NotRun } from './items.ts';

export const CN1 = address('2001:db8:f::c');
export const CN2 = address('2001:db8:f::d');
export const HOME = address('2001:db8:1::100');
export const CARE_OF_1 = address('2001:db8:a::1');

const NAMES: Readonly<Record<string, Address>> = {
  'CN address 1': CN1,
  'CN address 2': CN2,
  HoA: HOME,
  'other HoA': address('2001:db8:1::200'),
  'Invalid HoA': address('2001:db8:1::200'),
  CoA: CARE_OF_1,
  'CoA 1': CARE_OF_1,
  CoA1: CARE_OF_1,
  Link1: CARE_OF_1,
  'Link1-CoA': CARE_OF_1,
  'CoA 2': address('2001:db8:b::1'),
  CoA2: address('2001:db8:b::1'),
  'Link2-CoA': address('2001:db8:b::1'),
  'alternate CoA': address('2001:db8:a::2'),
  'Multicast address': address('ff0e::5'),
  'Link local address': address('fe80::a'),
};

/** The address of a name; "MN" before it says nothing. */
export function named(name: string): Address {
  const plain = name.replace(/\bMN /, '').replace('COA', 'CoA');
  const found = NAMES[plain];
  if (found === undefined) throw new NotRun(`the address: ${name}`);
  return found;
}
