/** The links whose addresses and routes are a role's to decide: the kernel decides nothing there. */
import type { NodeConfig } from '../../core/config.ts';
import type { InterfaceAddress } from '../sys/netlink/addresses.ts';
import type { Settings } from './settings.ts';

/** The links that the roles of a node manage, by their names in the configuration. */
export function managedLinks(config: NodeConfig): Set<string> {
  const { mobileNode, multihomedHost, homeAgent, accessRouter } = config;
  return new Set([
    ...(mobileNode?.links ?? []),
    ...(multihomedHost?.links ?? []),
    ...(homeAgent === undefined ? [] : [homeAgent.link]),
    ...(accessRouter?.advertisements.map(({ link }) => link) ?? []),
    ...(accessRouter?.dhcpv6?.map(({ link }) => link) ?? []),
  ]);
}

/** Do its roles forward packets of others? */
export const isRouter = ({ homeAgent, accessRouter }: NodeConfig): boolean =>
  homeAgent !== undefined || accessRouter !== undefined;

/**
 * Router Advertisements are the role's; so is Duplicate Address Detection (the link-local address is
 * made of the link address and stands at once). A route over a link without carrier is none.
 */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['accept_ra', '0'],
  ['autoconf', '0'],
  ['router_solicitations', '0'],
  ['accept_dad', '0'],
  ['addr_gen_mode', '0'],
  ['ignore_routes_with_linkdown', '1'],
];

export function manageLink(settings: Settings, name: string): void {
  const folder = `net/ipv6/conf/${name}`;
  for (const [setting, value] of SETTINGS) settings.set(`${folder}/${setting}`, value);
}

/** <linux/if_addr.h> IFAPROT_KERNEL_RA, IFA_F_TEMPORARY. */
const [KERNEL_RA, TEMPORARY] = [2, 0x01];

/**
 * Addresses that the kernel has made of Router Advertisements before. Who uses one keeps it; they are
 * deprecated, so that nobody begins with an address that the role knows nothing of.
 */
export function retired(addresses: readonly InterfaceAddress[]): InterfaceAddress[] {
  return addresses
    .filter(({ protocol, flags = 0 }) => protocol === KERNEL_RA || (flags & TEMPORARY) !== 0)
    .filter(({ preferredSeconds }) => preferredSeconds !== 0)
    .map((one) => ({ ...one, preferredSeconds: 0 }));
}
