import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { Received } from '../part.ts';
import type { LinkAddress } from '../role.ts';
import { type Duration, type Instant, milliseconds, seconds } from '../time.ts';
import { linkAddressFrom, ND_HOP_LIMIT } from './link-layer.ts';

/** RFC 6275 section 7.5: no MaxRtrAdvInterval is shorter. Zero would have us probe without end. */
const MIN_INTERVAL_MS = 70;

export interface AdvertisedPrefix {
  /** The prefix itself, host bits zero. */
  readonly prefix: Address;
  readonly length: number;
  readonly onLink: boolean;
  readonly autonomous: boolean;
  /** The router's whole address, where the R bit is set (RFC 6275 section 7.2). */
  readonly routerAddress: Address | undefined;
  readonly validLifetime: Duration;
  readonly preferredLifetime: Duration;
}

/** What one Router Advertisement says, in this project's units. */
export interface Advertisement {
  readonly link: string;
  /** The router's link-local address. */
  readonly router: Address;
  readonly linkAddress: LinkAddress | undefined;
  readonly routerLifetime: Duration;
  readonly homeAgent: boolean;
  /** Unsigned: the highest is the best; 0 where nothing is said (RFC 6275 section 7.4). */
  readonly homeAgentPreference: number;
  /** How long the router is a home agent; the router lifetime where nothing is said. */
  readonly homeAgentLifetime: Duration;
  /** The M bit: addresses are to be had by DHCPv6 (RFC 4861 section 4.2). */
  readonly managed: boolean;
  readonly prefixes: readonly AdvertisedPrefix[];
  /** The longest time to the next one, where the router promises it (RFC 6275 section 7.3). */
  readonly interval: Duration | undefined;
  readonly heardAt: Instant;
  /** The packet that said so, for the event that tells of it. */
  readonly packet: { readonly to: Address; readonly octets: number };
}

/**
 * Reads a Router Advertisement; undefined where a host must discard it. The parser has checked
 * checksum and lengths.
 * Source: RFC 4861 section 6.1.2, RFC 4862 section 5.5.3, RFC 6275 section 7.
 */
export function readAdvertisement(received: Received, now: Instant): Advertisement | undefined {
  const { message, source, link, tunnel } = received;
  if (message.layer !== 'router-advertisement') return undefined;
  const fromNeighbour = received.octets[7] === ND_HOP_LIMIT && tunnel === undefined;
  if (!fromNeighbour || message.code !== 0 || !isLinkLocal(source)) return undefined;
  let linkAddress: LinkAddress | undefined;
  let interval: Duration | undefined;
  let homeAgentPreference = 0;
  let homeAgentLifetime = seconds(message.routerLifetime);
  const prefixes: AdvertisedPrefix[] = [];
  for (const option of message.options) {
    if (option.option === 'source-link-layer-address') {
      linkAddress = linkAddressFrom(option.linkLayerAddress.subarray(0, 6));
    } else if (option.option === 'advertisement-interval') {
      interval = milliseconds(Math.max(option.advertisementInterval, MIN_INTERVAL_MS));
    } else if (option.option === 'home-agent-information') {
      homeAgentPreference = option.homeAgentPreference;
      homeAgentLifetime = seconds(option.homeAgentLifetime);
    } else if (option.option === 'prefix-information' && !isLinkLocal(option.prefix)) {
      prefixes.push({
        prefix: maskAddress(option.prefix, option.prefixLength),
        length: option.prefixLength,
        onLink: option.onLink,
        autonomous: option.autonomous && option.prefixLength === 64,
        routerAddress: option.routerAddress ? option.prefix : undefined,
        validLifetime: seconds(option.validLifetime),
        preferredLifetime: seconds(Math.min(option.preferredLifetime, option.validLifetime)),
      });
    }
  }
  return {
    link,
    router: source,
    linkAddress,
    routerLifetime: seconds(message.routerLifetime),
    homeAgent: message.homeAgent,
    managed: message.managed,
    homeAgentPreference,
    homeAgentLifetime,
    prefixes,
    interval,
    heardAt: now,
    packet: { to: received.destination, octets: received.octets.length },
  };
}

/** The addresses by which a router is known in the whole network, where it told any. */
export const wholeAddresses = ({ prefixes }: Advertisement): Address[] =>
  prefixes.flatMap(({ routerAddress }) => routerAddress ?? []);

/**
 * Are two advertisements one router's? Link-local addresses are not unique: routers of two links may
 * have the same, and what tells them apart is the R bit. Source: RFC 6275 sections 7.2 and 11.5.1.
 */
export function isSameRouter(one: Advertisement, other: Advertisement | undefined): boolean {
  if (one.router !== other?.router) return false;
  const [ours, theirs] = [wholeAddresses(one), wholeAddresses(other)];
  const tell = ours.length > 0 && theirs.length > 0;
  return !tell || ours.some((address) => theirs.includes(address));
}

/** An address with all bits behind the first `length` zero. */
export function maskAddress(address: Address, length: number): Address {
  const whole = Math.min(address.length, length >> 3);
  if (whole === address.length) return address;
  const partial = address.charCodeAt(whole) & (0xff00 >> (length & 7));
  return (address.slice(0, whole) +
    String.fromCharCode(partial & 0xff) +
    '\0'.repeat(address.length - whole - 1)) as Address;
}

/** Is an address of a prefix? */
export const isWithin = (
  address: Address,
  { address: prefix, length }: { readonly address: Address; readonly length: number },
): boolean => maskAddress(address, length) === maskAddress(prefix, length);
