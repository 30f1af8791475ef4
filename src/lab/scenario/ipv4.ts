/** IPv4 addresses of nodes in a file: who has which, and what is wrong with them. */
import {
  type Address,
  addressOctets,
  addressOf,
  formatAddress,
  isUnicastRoutable,
} from '../../wire/address.ts';
import { countOf } from './check.ts';
import { nodeNamed } from './check-events.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import type { NodeText } from './nodes.ts';
import type { FlowText } from './traffic.ts';

/** The address so many behind another; undefined behind the last of all. */
export function ipv4Behind(first: Address, index: number): Address | undefined {
  const view = new DataView(new ArrayBuffer(4));
  const number = numberOf(first) + index;
  if (number > 0xffff_ffff) return undefined;
  view.setUint32(0, number);
  return addressOf(new Uint8Array(view.buffer));
}

const numberOf = (address: Address): number =>
  new DataView(addressOctets(address).buffer).getUint32(0);

/** The first of a node's own, where it has one. */
export const ownIpv4 = (node: NodeText): Address | undefined =>
  'ipv4' in node ? node.ipv4 : undefined;

/** That of its service, which it answers from with others. */
export const serviceIpv4 = (node: NodeText): Address | undefined =>
  'ipv4-service' in node ? node['ipv4-service'] : undefined;

/** Addresses [from, to] of a node. */
interface Range {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Each node has addresses of its own, and such as somebody can answer. */
export function* checkIpv4(draft: Draft, path: Path, node: NodeText): Generator<Finding> {
  const first = ownIpv4(node);
  if (first === undefined) return;
  const at = [...path, 'ipv4'];
  const count = countOf(node) ?? 1;
  const last = ipv4Behind(first, count - 1);
  if (last === undefined || !isUnicastRoutable(first) || !isUnicastRoutable(last)) {
    const many = count > 1 ? ` and the ${count - 1} behind it` : '';
    const message = `${formatAddress(first)}${many} cannot be a node's: write one such as 192.0.2.10`;
    yield { path: at, message };
    return;
  }
  const [from, to] = [numberOf(first), numberOf(last)];
  const other = othersOf(draft, String(path[1])).find((one) => one.from <= to && from <= one.to);
  if (other === undefined) return;
  const taken = ipv4Behind(first, Math.max(other.from - from, 0))!;
  const message = `${formatAddress(taken)} is an address of "${other.name}" already`;
  yield { path: at, message: `${message}: give each node its own` };
}

/** Of two nodes with one address the second is told; services stand in the file for themselves. */
function othersOf(draft: Draft, self: string): Range[] {
  const ranges: Range[] = [];
  let isBefore = true;
  for (const [name, node] of draft.nodes) {
    if (name === self) isBefore = false;
    if (node === undefined) continue;
    const service = serviceIpv4(node);
    if (service !== undefined)
      ranges.push({ name, from: numberOf(service), to: numberOf(service) });
    const own = isBefore ? ownIpv4(node) : undefined;
    if (own === undefined) continue;
    const from = numberOf(own);
    ranges.push({ name, from, to: from + (countOf(node) ?? 1) - 1 });
  }
  return ranges;
}

/** Both ends of a flow over IPv4 have an address of it, and nobody asks names for one. */
export function* checkIpv4Flow(draft: Draft, path: Path, flow: FlowText): Generator<Finding> {
  if (flow.ipv4 !== true) return;
  for (const end of ['from', 'to'] as const) {
    const name = flow[end];
    const node = nodeNamed(draft, name);
    if (node === undefined || (ownIpv4(node) ?? serviceIpv4(node)) !== undefined) continue;
    const message = `"${name}" has no IPv4 address${MEND[node.role] ?? ': its role has none in the lab'}`;
    yield { path: [...path, 'ipv4'], message };
  }
  if (flow.protocol === 'tcp' && flow.name !== undefined) {
    const message = 'has no meaning with `name`: names are asked for IPv6 addresses alone';
    yield { path: [...path, 'ipv4'], message };
  }
}

const GIVE = ': add one to it, such as ipv4: 192.0.2.10';
const SHARE = ': add one of its service, such as ipv4-service: 192.0.2.80';
const MEND: Partial<Record<NodeText['role'], string>> = {
  'access-router': GIVE,
  'correspondent-node': GIVE,
  host: GIVE,
  router: GIVE,
  'anycast-agent': SHARE,
  'anycast-server': SHARE,
};
