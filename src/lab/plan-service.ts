/** The service addresses of a plan: who holds each, and who serves it. */
import type { Authentication, NodeConfig, ServiceConfig } from '../core/config.ts';
import type { Duration } from '../core/time.ts';
import type { Address } from '../wire/address.ts';
import type { NamedNode } from './plan.ts';
import type { FixedAddresses } from './plan-addresses.ts';
import { type CgaHome, peerProofOf } from './plan-peers.ts';
import { DEFAULT_MAX_BINDINGS, type NodeText } from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';
import type { ContentMasterText, ContentSlaveText } from './scenario/service-nodes.ts';

export const DEFAULT_LIFETIME = 20_000_000 as Duration;
/** As long as a client may go on sending to a server that is dead. */
export const DEFAULT_CLIENT_LIFETIME = 60_000_000 as Duration;

interface Context {
  readonly scenario: Scenario;
  readonly nodes: readonly NamedNode[];
  readonly homes: ReadonlyMap<string, Address>;
  readonly made: ReadonlyMap<string, CgaHome>;
  readonly fixed: FixedAddresses;
}

type AuthenticationOf = (node: string, text: ContentSlaveText) => Authentication;

/** The servers of a master, in the order of the file. */
export function* slavesOf(
  master: string,
  nodes: readonly NamedNode<NodeText>[],
): Generator<NamedNode<ContentSlaveText>> {
  for (const { name, from, text } of nodes) {
    if (text.role === 'content-slave' && text.master === master) yield { name, from, text };
  }
}

/** What master and slaves know alike; `address` is the one's whose it is. */
function serviceOf(
  self: string,
  { name: master, text }: NamedNode<ContentMasterText>,
  { nodes, homes, fixed }: Context,
  authenticationOf: AuthenticationOf,
): ServiceConfig {
  const link = text.on[0]!;
  const addressOf = (name: string) => fixed.get(name)!.get(link)![0]!;
  return {
    service: homes.get(master)!,
    link,
    address: addressOf(self),
    members: [...slavesOf(master, nodes)].map((slave) => ({
      address: addressOf(slave.name),
      authentication: authenticationOf(slave.from, slave.text),
    })),
    policy: text.policy ?? 'rotation',
    maxClients: text['max-clients'] ?? DEFAULT_MAX_BINDINGS,
  };
}

export function contentMaster(
  node: NamedNode<ContentMasterText>,
  context: Context,
  authenticationOf: AuthenticationOf,
): NodeConfig {
  const { name } = node;
  return { name, contentMaster: serviceOf(name, node, context, authenticationOf) };
}

export function contentSlave(
  { name, from, text }: NamedNode<ContentSlaveText>,
  context: Context,
  authenticationOf: AuthenticationOf,
): NodeConfig {
  const master = context.nodes.find((one): one is NamedNode<ContentMasterText> => {
    return one.name === text.master && one.text.role === 'content-master';
  })!;
  const { fixed, made } = context;
  // All servers of the address prove it by the one key that it was made from.
  const peers = peerProofOf(new Map(), made.get(master.name));
  return {
    name,
    contentSlave: {
      ...serviceOf(name, master, context, authenticationOf),
      master: fixed.get(master.name)!.get(text.on[0]!)![0]!,
      authentication: authenticationOf(from, text),
      lifetime: text.lifetime ?? DEFAULT_LIFETIME,
      clientLifetime: text['client-lifetime'] ?? DEFAULT_CLIENT_LIFETIME,
      directReturn: text['direct-return'] ?? true,
      maxPeers: DEFAULT_MAX_BINDINGS,
      ...(peers && { peers }),
    },
  };
}
