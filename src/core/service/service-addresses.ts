/** The addresses of a service, of IPv6 and of IPv4: a client meets it at the one of its own family. */
import { type Address, IPV4_SIZE, isIpv4 } from '../../wire/address.ts';
import { IPV4_ADDRESS_STATUS, PROTOCOL } from '../../wire/numbers.ts';
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';
import type { ServiceConfig } from '../config.ts';

type Addresses = Pick<ServiceConfig, 'service' | 'service4'>;

export const addressesOf = ({ service, service4 }: Addresses): Address[] =>
  service4 === undefined ? [service] : [service, service4];

/** Undefined: the service has none of the client's family. */
export const serviceFor = (
  client: Address,
  { service, service4 }: Addresses,
): Address | undefined => (isIpv4(client) ? service4 : service);

/** Where a client that the service has meets it. */
export const homeOf = (client: Address, addresses: Addresses): Address =>
  serviceFor(client, addresses) ?? addresses.service;

/** What a tunnel that carries packets of the address says is in it. */
export const tunnelledProtocol = (address: Address): number =>
  isIpv4(address) ? PROTOCOL.ipv4 : PROTOCOL.ipv6;

/** A server says that it answers from the IPv4 address too. Source: RFC 5555 section 3.1.1. */
export function ipv4ServiceOptions({ service4 }: Addresses): MobilityOptionInput[] {
  if (service4 === undefined) return [];
  const prefixLength = 8 * IPV4_SIZE;
  return [{ option: 'ipv4-home-address', prefixLength, homeAddress: service4 }];
}

/** Does a server answer from our IPv4 address? */
export const saysIpv4Service = (options: readonly MobilityOption[], { service4 }: Addresses) =>
  service4 !== undefined && ipv4HomeIn(options) === service4;

/** What a server is told of the IPv4 address that it has named. Source: RFC 5555 section 3.2.1. */
export function ipv4ServiceAnswers(
  options: readonly MobilityOption[],
  addresses: Addresses,
): MobilityOptionInput[] {
  const homeAddress = ipv4HomeIn(options);
  if (homeAddress === undefined) return [];
  const { accepted, incorrectIpv4HomeAddress } = IPV4_ADDRESS_STATUS;
  const status = saysIpv4Service(options, addresses) ? accepted : incorrectIpv4HomeAddress;
  const prefixLength = 8 * IPV4_SIZE;
  return [{ option: 'ipv4-address-acknowledgement', status, prefixLength, homeAddress }];
}

/** Did the holder refuse the IPv4 address? One that says nothing of it knows nothing of such. */
export function refusesIpv4Service(
  options: readonly MobilityOption[],
  { service4 }: Addresses,
): boolean {
  if (service4 === undefined) return false;
  const said = options.find((one) => one.option === 'ipv4-address-acknowledgement');
  return said?.homeAddress !== service4 || said.status >= 128;
}

const ipv4HomeIn = (options: readonly MobilityOption[]): Address | undefined =>
  options.find((one) => one.option === 'ipv4-home-address')?.homeAddress;
