/** What tables may hold when nothing was sent for two lifetimes, and what counters must never show. */
import type { Counter } from '../../core/counters.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { SimNode } from '../../sim/index.ts';
import { formatAddress, solicitedNode } from '../../wire/address.ts';
import type { Inside } from './inside.ts';
import type { Rest } from './random-faults.ts';
import type { Report } from './violation.ts';

export function checkLeftovers(inside: Inside, rest: Rest, report: Report): void {
  const roles = new Map(inside.world.plan.nodes.map(({ name, role }) => [name, role]));
  for (const node of inside.running()) {
    const role = roles.get(node.name)!;
    for (const entry of inside.entriesOf(node)) {
      const { dst } = entry.match;
      const to = dst && roles.get(inside.ownerOf(dst.address) ?? '');
      if (!mayRest(entry, role, to, rest)) report('leftover', node.name, `entry ${entry.id}`);
    }
    for (const { scope, home } of inside.bindings.get(node.name)?.all() ?? []) {
      if (rest === 'away' && scope === 'home') continue;
      report('leftover', node.name, `${scope} binding of ${formatAddress(home)}`);
    }
    if (rest !== 'away') checkStored(inside, node, role, report);
  }
}

/** Entries of a node's own addresses and keys always stand; a node that is away keeps its tunnel. */
function mayRest(
  { id, owner, match }: ForwardingEntry,
  role: string,
  to: string | undefined,
  rest: Rest,
): boolean {
  if (owner === 'node' || owner === 'protection' || owner === 'udp-tunnel') return true;
  // Who notices new sessions looks at all that leaves and comes.
  if (role === 'multihomed-host' && (match.dst === undefined || match.src === undefined))
    return true;
  if (rest !== 'away') return false;
  // Those of its live bindings: that there is one for each is looked at all the time.
  if (role === 'home-agent') return owner === 'home-agent' || owner === 'bindings';
  if (role !== 'mobile-node') return false;
  // Its home agent knows where it is, and is sent to straight as long as it does.
  const ofPeer = id.includes('/to/') && to !== 'home-agent';
  return owner === 'mobile-node' || (owner === 'paths' && !ofPeer);
}

/** What was stored for a binding is gone with it, and so is proxying. */
function checkStored(inside: Inside, node: SimNode, role: string, report: Report): void {
  for (const key of node.stored.keys()) {
    // What a mobile node says of its own bindings, one record each, stays as long as its lists do.
    if (/^(home|peer)-binding/.test(key)) report('leftover', node.name, `stored ${key}`);
  }
  if (role !== 'home-agent') return;
  for (const home of inside.homes.keys()) {
    for (const one of node.kernel.interfaces.values()) {
      if (!one.hears(solicitedNode(home))) continue;
      report('leftover', node.name, `proxies ${formatAddress(home)} on ${one.name}`);
    }
  }
}

/** Counters that no fault of a network can raise: links lose, delay and repeat, and forge nothing. */
const IMPOSSIBLE = [
  'kernel.malformed',
  'kernel.checksum',
  'kernel.scope',
  'kernel.hop_limit',
  'kernel.entry_fault',
  'kernel.entry_refused',
  'kernel.route_refused',
  'kernel.address_refused',
  'kernel.unknown_option',
  'kernel.tcp_refused',
  'mobility.malformed',
  'mobility.misplaced_header',
  'mobility.bu_unauthenticated',
  'mobility.cache_full',
  'mobility.list_full',
  'delegation.missing',
  'delegation.malformed',
  'delegation.outside',
  'delegation.out_of_date',
  'delegation.not_of_authority',
  'delegation.wrong_signature',
  'nd.duplicate_address',
  'nd.ra_refused',
  'nd.malformed',
] as const;

/** @param rare those that can be raised here all the same. */
export function checkCounters(
  counters: ReadonlyMap<string, ReadonlyMap<string, number>>,
  rare: ReadonlySet<string>,
  report: Report,
): void {
  for (const [node, counted] of counters) {
    for (const name of IMPOSSIBLE) {
      const count = counted.get(name as Counter) ?? 0;
      if (count > 0 && !rare.has(name)) report('impossible', node, `${name} is ${count}`);
    }
  }
}
