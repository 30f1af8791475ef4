/** Bounds of our own on what a packet may hold. */
/** Implementation constant: extension headers in one packet; more is an attack, not a need. */
export const MAX_EXTENSION_HEADERS = 32;
/** Implementation constant: IPv6 headers behind the first (RFC 2473 section 6.7 advises 4). */
export const MAX_TUNNEL_DEPTH = 4;
