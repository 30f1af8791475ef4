/**
 * Neighbor Discovery options by which hosts learn more than prefixes: routes, name servers.
 *
 * The pictures begin with the third octet. Supported standards: RFC 3971 section 5.3.2, RFC 4191
 * section 2.3, RFC 8106 section 5.
 */
import { bits, reserved, u8, u16, u32 } from '../field.ts';
import { ND_OPTION } from '../numbers.ts';
import { addresses, rest } from '../octets-field.ts';
import { option } from '../options.ts';

/** Octets that the answer must repeat; 6 at least. Source: RFC 3971 section 5.3.2. */
export const nonce = option('nonce', ND_OPTION.nonce, 'RFC 3971 section 5.3.2', { nonce: rest() });

/**
 * A route by this router: lifetime in seconds, preference in two bits with sign. As many octets of
 * the prefix as its length needs stand there: 0, 8 or 16.
 *
 *                                     +---------------+-----+---+-----+
 *                                     | Prefix Length | Resvd Prf Rsvd|
 *     +-------------------------------+---------------+-----+---+-----+
 *     |                        Route Lifetime                         |
 *     +---------------------------------------------------------------+
 *     |  Prefix
 *
 * Source: RFC 4191 section 2.3.
 */
export const routeInformation = option(
  'route-information',
  ND_OPTION.routeInformation,
  'RFC 4191 section 2.3',
  {
    prefixLength: u8(),
    reserved: reserved(3),
    preference: bits(2),
    reserved2: reserved(3),
    routeLifetime: u32(),
    prefix: rest(),
  },
);

/**
 * Recursive name servers; the lifetime is in seconds.
 *
 *                                     +-------------------------------+
 *                                     |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *     |                           Lifetime                            |
 *     +---------------------------------------------------------------+
 *     |  addresses, 16 octets each
 *
 * Source: RFC 8106 section 5.1.
 */
export const recursiveDnsServer = option(
  'recursive-dns-server',
  ND_OPTION.recursiveDnsServer,
  'RFC 8106 section 5.1',
  { reserved: u16(), lifetime: u32(), servers: addresses('servers') },
);

/**
 * Domains to search; the names are kept in the form of RFC 1035 section 3.1, filled up with zeros.
 * The lifetime is in seconds. Source: RFC 8106 section 5.2.
 */
export const dnsSearchList = option(
  'dns-search-list',
  ND_OPTION.dnsSearchList,
  'RFC 8106 section 5.2',
  { reserved: u16(), lifetime: u32(), domainNames: rest() },
);
