/** Which of a mobile node's addresses its applications use. */
import { readFileSync } from 'node:fs';
import { formatAddress, parseAddress } from '../../../wire/address.ts';
import type { AgentSource } from './protocol.ts';

/** <linux/if_addr.h> */
const IFA_F_DEPRECATED = 0x20;
/** The device that identities live on. */
const ANCHOR = 'careof0';

interface Own {
  readonly address: string;
  readonly device: string;
  readonly deprecated: boolean;
}

/**
 * A mobile node's home address, or another that its home network was renumbered to once that one is
 * deprecated; undefined for other nodes, whose kernel chooses.
 */
export function sourceAddress({ home }: AgentSource): string | undefined {
  if (home === undefined) return undefined;
  const homes = ownAddresses(readFileSync('/proc/thread-self/net/if_inet6', 'latin1'))
    .filter(({ device, deprecated }) => device === ANCHOR && !deprecated)
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:'));
  return homes.includes(home) ? home : (homes[0] ?? home);
}

/** The lines of /proc/net/if_inet6. Source: proc_net(5). */
export function ownAddresses(text: string): Own[] {
  return text.split('\n').flatMap((line) => {
    const [digits = '', , , , flags = '', device] = line.trim().split(/\s+/);
    if (device === undefined) return [];
    const parsed = parseAddress(digits.replace(/(.{4})(?=.)/g, '$1:'));
    if (parsed === undefined) return [];
    const deprecated = (Number.parseInt(flags, 16) & IFA_F_DEPRECATED) !== 0;
    return [{ address: formatAddress(parsed), device, deprecated }];
  });
}
