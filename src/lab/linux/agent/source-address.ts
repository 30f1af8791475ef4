/** Which of a node's addresses its applications use. */
import { readFileSync } from 'node:fs';
import { formatAddress, parseAddress } from '../../../wire/address.ts';
import type { AgentSource } from './protocol.ts';
import { versionTo } from './version.ts';

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
  return homeAmong(ownAddresses(readFileSync('/proc/thread-self/net/if_inet6', 'latin1')), home);
}

/** At home all home addresses stand on the link, else on the anchor. */
export function homeAmong(own: readonly Own[], home: string): string {
  const at = own.find(({ address }) => address === home)?.device ?? ANCHOR;
  const homes = own
    .filter(({ device, deprecated }) => device === at && !deprecated)
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:'));
  return homes.includes(home) ? home : (homes[0] ?? home);
}

/**
 * What the kernel chooses for a destination just now; undefined where nothing gets there. It says so by
 * connecting a datagram socket, which sends nothing.
 */
export function chosenSource(to: string, port: number): Promise<string | undefined> {
  const socket = versionTo(to).datagrams();
  return new Promise((resolve) => {
    const done = (source: string | undefined) => {
      socket.close();
      resolve(source);
    };
    socket.once('error', () => done(undefined));
    socket.connect(port, to, () => done(socket.address().address));
  });
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
