/** The closed list of tables that grow by what others send. Each has a bound (ARCHITECTURE.md 8). */
export const TABLES = {
  bindings: 'bindings that the node keeps for others',
  'pending-registrations': 'home registrations under Duplicate Address Detection',
  peers: 'peers that a mobile node or a multihomed host registers with',
  sessions: 'pairs of own address and peer that a multihomed host looks after',
  'tested-paths': 'paths to peers whose tokens a multihomed host keeps',
  nonces: 'nonces that tokens are made with',
  'retired-numbers': 'last sequence numbers of bindings that are gone',
  'permanent-tokens': 'home addresses that showed the key they were made from (RFC 4866)',
  credits: 'home addresses whose care-of address may get what its owner has sent (RFC 4866)',
  'early-packets': 'packets that wait for the Binding Update that they have overtaken',
  'address-sets': 'nodes that have told of their other addresses',
  'watched-deliveries': 'nodes that have told of their addresses, and are watched',
  'last-looks': 'bindings to be looked at before they expire',
  clients: 'clients of a service address, each with its server',
  routers: 'routers that a host knows on its links',
  forwarding: 'entries of the forwarding table',
  neighbors: 'neighbors on all links',
  'path-mtus': 'destinations with a path MTU of their own',
  'probed-paths': 'paths whose MTU is found out by probes',
  reassembly: 'packets whose fragments are not all here yet',
} as const satisfies Record<string, string>;

export type Table = keyof typeof TABLES;
/** How many entries tables hold; an absent one holds none. */
export type TableSizes = Readonly<Partial<Record<Table, number>>>;

/** The tables of several owners together. */
export function sumOfSizes(all: Iterable<TableSizes>): TableSizes {
  const sum: Partial<Record<Table, number>> = {};
  for (const sizes of all) {
    // Not Object.entries: a simulation asks all its nodes ten times a second.
    for (const name in sizes) {
      const table = name as Table;
      sum[table] = (sum[table] ?? 0) + sizes[table]!;
    }
  }
  return sum;
}
