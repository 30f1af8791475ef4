import { type Address, isIpv4 } from '../../wire/address.ts';
import { hasPrefix } from './routes.ts';

/** Prefixes that senders on a link may have, by the link; on others everybody may send. */
export type IngressFilter = ReadonlyMap<
  string,
  readonly { readonly address: Address; readonly length: number }[]
>;

/**
 * May a packet with this source come in by a link? A provider lets its customers send from the
 * addresses that it gave them, and from no others; it gave none of IPv4, and filters none.
 *
 * Source: RFC 2827 section 4.
 */
export const passesIngress = (filter: IngressFilter, link: string, source: Address): boolean =>
  isIpv4(source) ||
  (filter.get(link)?.some(({ address, length }) => hasPrefix(source, address, length)) ?? true);
