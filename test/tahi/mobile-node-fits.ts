/** Is a packet of the mobile node the one that a step waits for? */
import {
  type Address,
  ALL_NODES,
  formatAddress,
  solicitedNode,
  UNSPECIFIED,
} from '../../src/wire/address.ts';
import type { LayerName } from '../../src/wire/packet.ts';
import { layerIn, messageOf, type Seen } from './bench.ts';
import { LAYER_OF } from './conditions.ts';
import { NotRun } from './items.ts';
import { named, ROUTERS } from './mobile-node-addresses.ts';
import { homeOption, innermost, type Memory } from './mobile-node-memory.ts';
import type { Planned } from './mobile-node-plan.ts';

const LAYERS: Readonly<Record<string, LayerName>> = {
  ...LAYER_OF,
  NS: 'neighbor-solicitation',
  NA: 'neighbor-advertisement',
  MPS: 'mobile-prefix-solicitation',
  'DHAAD-request': 'home-agent-address-discovery-request',
};

/** Is it a message of this name? */
export function isOf(seen: Seen, message: string): boolean {
  const layer = LAYERS[message];
  if (layer === undefined) throw new NotRun(`the word: expects ${message}`);
  return messageOf(seen) === layer;
}

/** Messages of which the steps say whether they have these headers. */
const WITH_HEADERS: ReadonlySet<string> = new Set(['EchoReply', 'MPS', 'HoTI', 'CoTI']);

/** Why it is not the packet of the step, if it is not. */
export function fault(seen: Seen, one: Planned, memory: Memory): string | undefined {
  if (one.message === 'NS') return solicitationFault(seen, one);
  const plain = plainFault(seen, one, memory);
  const { outer, destination } = one.ends!;
  if (plain === undefined || one.either !== true || outer === undefined) return plain;
  const ends = { source: outer.source, destination, routing2: one.ends!.routing2, home: true };
  return plainFault(seen, { ...one, ends }, memory) === undefined ? undefined : plain;
}

function plainFault(seen: Seen, one: Planned, memory: Memory): string | undefined {
  const ends = one.ends!;
  const [first, second] = seen.layers;
  const outer = first?.layer === 'ipv6' && second?.layer === 'ipv6' ? first : undefined;
  if ((outer === undefined) !== (ends.outer === undefined)) {
    return outer === undefined ? 'it is in no tunnel' : 'it is in a tunnel';
  }
  if (outer !== undefined) {
    const wrong =
      other('the tunnel begins at', outer.source, ends.outer!.source) ??
      other('the tunnel ends at', outer.destination, ends.outer!.destination);
    if (wrong !== undefined) return wrong;
  }
  const { source, destination } = innermost(seen);
  const wrong =
    other('the source is', source, ends.source) ??
    other('the destination is', destination, ends.destination);
  if (wrong !== undefined) return wrong;
  return WITH_HEADERS.has(one.message) ? headerFault(seen, one, memory) : undefined;
}

function headerFault(seen: Seen, { ends, message }: Planned, memory: Memory): string | undefined {
  const routing = layerIn(seen, 'routing-type-2') !== undefined;
  const home = homeOption(seen) !== undefined;
  if (routing !== ends!.routing2) return `${routing ? 'a' : 'no'} Routing header`;
  if (home !== ends!.home) return `${home ? 'a' : 'no'} Home Address option`;
  if (message !== 'EchoReply') return undefined;
  const asked = memory.lastSequence;
  const answered = layerIn(seen, 'echo-reply')!.sequence;
  return answered === asked ? undefined : 'it answers an earlier request';
}

function other(what: string, is: Address, name: string): string | undefined {
  const must = name.endsWith('_allnode_multi') ? ALL_NODES : named(name);
  if (is === must) return undefined;
  return `${what} ${formatAddress(is)}; it must be ${formatAddress(must)}`;
}

function solicitationFault(seen: Seen, { purpose, ends }: Planned): string | undefined {
  const { targetAddress } = layerIn(seen, 'neighbor-solicitation')!;
  const { source, destination } = innermost(seen);
  if (purpose === 'DAD') {
    if (source !== UNSPECIFIED) return 'it is not for Duplicate Address Detection';
    return destination === solicitedNode(targetAddress) ? undefined : 'another destination';
  }
  const router = ROUTERS[ends!.destination];
  if (router === undefined) throw new NotRun(`who is asked: ${ends!.destination}`);
  if (source === UNSPECIFIED) return 'it is for Duplicate Address Detection';
  const known = targetAddress === router.linkLocal || targetAddress === router.global;
  if (!known) return 'it asks for somebody else';
  // RFC 4861 section 7.3.3: a probe goes to the neighbour alone.
  return destination === targetAddress ? undefined : 'it goes to a group';
}
