/** By which version of IP the sockets of a flow speak. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';

export interface Version {
  readonly family: 4 | 6;
  /** All addresses of the host. */
  readonly any: string;
  readonly datagrams: () => Socket;
  /** As it stands in front of a port. */
  readonly literal: (address: string) => string;
}

const IPV6: Version = {
  family: 6,
  any: '::',
  datagrams: () => createSocket({ type: 'udp6', ipv6Only: true }),
  literal: (address) => `[${address}]`,
};

const IPV4: Version = {
  family: 4,
  any: '0.0.0.0',
  datagrams: () => createSocket('udp4'),
  literal: (address) => address,
};

export const versionOf = ({ ipv4 }: { readonly ipv4?: boolean }): Version =>
  ipv4 === true ? IPV4 : IPV6;

/** The one of an address. */
export const versionTo = (address: string): Version => versionOf({ ipv4: isIPv4(address) });
