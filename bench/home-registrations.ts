/** Home registrations of many mobile nodes at one home agent: its part, and the updates that they send. */
import type { HomeAgentConfig } from '../src/core/config.ts';
import { ntpTimestamp } from '../src/core/security/authentication-option.ts';
import { homeProof } from '../src/core/signalling/home-authentication.ts';
import type { Instant } from '../src/core/time.ts';
import { nodeCryptography } from '../src/lab/crypto.ts';
import { type Address, address, addressOctets, addressOf } from '../src/wire/address.ts';
import { type LayerInput, type MobilityOptionInput, serialisePacket } from '../src/wire/packet.ts';

export const CARE_OF = address('2001:db8:2::7');
export const AGENT = address('2001:db8:1::1');
const PREFIX = address('2001:db8:1::');
/** The wall clock at instant 0 of all nodes here. */
export const EPOCH = 1_700_000_000_000_000;
export const AUTHENTICATION = {
  method: 'rfc4285',
  spi: 256,
  key: new Uint8Array(16).fill(7),
} as const;

export function homeAgentConfig(size: number): HomeAgentConfig {
  const authentication = AUTHENTICATION;
  const mobileNodes = Array.from({ length: size }, (_, n) => ({ home: homeOf(n), authentication }));
  const network = { link: 'eth0', address: AGENT, prefix: PREFIX, prefixLength: 64 };
  return { ...network, mobileNodes, allowUnauthenticated: false, maxBindings: size };
}

/** The update of mobile node number `n`, the `turn`-th of it. */
export function homeUpdate(n: number, turn: number, now: Instant): Uint8Array {
  const subject = { careOf: CARE_OF, home: homeOf(n) };
  const timestamp = ntpTimestamp(EPOCH, (now + turn) as Instant);
  const proof = homeProof(AUTHENTICATION, nodeCryptography, subject, timestamp);
  const octets = bindingUpdate(AGENT, subject.home, turn, true, proof.options);
  proof.sign(octets);
  return octets;
}

export function bindingUpdate(
  destination: Address,
  homeAddress: Address,
  sequence: number,
  homeRegistration: boolean,
  proof: readonly MobilityOptionInput[],
): Uint8Array {
  const careOf = { option: 'alternate-care-of-address', careOfAddress: CARE_OF } as const;
  const options = [careOf, ...proof];
  const flags = { acknowledge: true, homeRegistration };
  return packet(CARE_OF, destination, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress }] },
    { layer: 'binding-update', sequence, ...flags, lifetime: 105, options },
  ]);
}

export const packet = (source: Address, destination: Address, layers: readonly LayerInput[]) =>
  serialisePacket([{ layer: 'ipv6', source, destination, hopLimit: 64 }, ...layers]);

/** Home address number `n`. */
export function homeOf(n: number): Address {
  const octets = addressOctets(PREFIX);
  new DataView(octets.buffer).setUint32(12, n + 0x1000);
  return addressOf(octets);
}
