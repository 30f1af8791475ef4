import { formatAddress } from '../../wire/address.js';
export const toHomeId = (home) => `home/to/${formatAddress(home)}`;
export const fromTunnelId = (home, careOf) => `home/from/${formatAddress(home)}/at/${formatAddress(careOf)}`;
/**
 * What comes for the home address is tunnelled to the care-of address, Mobility Header messages
 * too: that is how a Home Test reaches the mobile node. Source: RFC 6275 section 10.4.2.
 */
export function toHomeEntry(agent, home, careOf, expiresAt) {
    return {
        id: toHomeId(home),
        owner: 'home-agent',
        at: 'leaving',
        match: { dst: { address: home }, mobility: true },
        do: [{ push: 'ipv6', src: agent, dst: careOf }],
        expiresAt,
    };
}
/**
 * What comes back through the tunnel is taken only from the registered care-of address, and only
 * with the home address inside. Source: RFC 6275 section 10.4.5.
 */
export function fromTunnelEntry(agent, home, careOf, expiresAt) {
    return {
        id: fromTunnelId(home, careOf),
        owner: 'home-agent',
        at: 'arriving',
        match: { src: { address: careOf }, dst: { address: agent }, protocol: 41, innerSrc: home },
        do: [{ pop: 'ipv6' }],
        expiresAt,
    };
}
