/** Makes a node of its configuration: the one place that knows all roles. */

import { BindingCache } from '../core/bindings/binding-cache.ts';
import { BindingErrors } from '../core/bindings/binding-errors.ts';
import { Paths } from '../core/bindings/paths.ts';
import type { HomeAgentConfig, NodeConfig } from '../core/config.ts';
import { constantsWith } from '../core/constants.ts';
import { prefixesOf } from '../core/neighbor-discovery/advertiser.ts';
import { LinkPrefixes } from '../core/neighbor-discovery/link-prefixes.ts';
import { Node } from '../core/node.ts';
import type { NodeState } from '../core/node-state.ts';
import type { Part } from '../core/part.ts';
import { AddressSets } from '../core/peers/address-sets.ts';
import type { Environment, Role } from '../core/role.ts';
import { Protection } from '../core/security/protection.ts';
import { MAX_MEMBERS } from '../core/service/members.ts';
import { Heartbeats } from '../core/signalling/heartbeats.ts';
import { AnycastAgent } from './anycast/anycast-agent.ts';
import { AnycastServer } from './anycast/anycast-server.ts';
import { AccessRouter } from './mobility/access-router.ts';
import { CorrespondentNode } from './mobility/correspondent-node.ts';
import { HomeAgent } from './mobility/home-agent.ts';
import { MobileNode } from './mobility/mobile-node.ts';
import { ContentMaster } from './multihome/content-master.ts';
import { ContentSlave } from './multihome/content-slave.ts';
import { MultihomedHost } from './multihome/multihomed-host.ts';

/**
 * The control side of a node, ready for its driver's `start`.
 *
 * @param onMade is shown what its parts share, for checkers that look into a running node.
 */
export function createNode(
  config: NodeConfig,
  env: Environment,
  onMade?: (state: NodeState) => void,
): Role {
  const state: NodeState = {
    env,
    constants: constantsWith(env.constants),
    bindings: new BindingCache(bindingLimits(config, env)),
    sets: new AddressSets(),
    paths: new Paths(),
    errors: new BindingErrors(env),
    protection: new Protection(config, env),
  };
  onMade?.(state);
  const parts: Part[] = [];
  const advertisements = [
    ...(config.accessRouter?.advertisements ?? []),
    ...(config.homeAgent?.advertisement === undefined ? [] : [config.homeAgent.advertisement]),
  ];
  const prefixes = config.homeAgent && homePrefixes(config.homeAgent);
  if (advertisements.length > 0 || config.accessRouter !== undefined) {
    parts.push(new AccessRouter({ ...config.accessRouter, advertisements }, env, prefixes));
  }
  if (config.homeAgent !== undefined) {
    parts.push(
      new HomeAgent(config.homeAgent, state, prefixes!),
      new Heartbeats(config.homeAgent.address, state),
    );
  }
  if (config.correspondentNode !== undefined) {
    parts.push(
      new CorrespondentNode(config.correspondentNode, state, {
        agent: config.homeAgent !== undefined,
        watches: config.mobileNode === undefined && config.multihomedHost === undefined,
      }),
    );
  }
  if (config.mobileNode !== undefined) parts.push(new MobileNode(config.mobileNode, state));
  if (config.multihomedHost !== undefined) {
    parts.push(new MultihomedHost(config.multihomedHost, state));
  }
  if (config.contentMaster !== undefined)
    parts.push(new ContentMaster(config.contentMaster, state));
  if (config.contentSlave !== undefined) parts.push(new ContentSlave(config.contentSlave, state));
  if (config.anycastAgent !== undefined) parts.push(new AnycastAgent(config.anycastAgent, state));
  if (config.anycastServer !== undefined) {
    parts.push(new AnycastServer(config.anycastServer, state));
  }
  return new Node(parts, state);
}

function homePrefixes({ advertisement, prefix, prefixLength: length, address }: HomeAgentConfig) {
  if (advertisement !== undefined) return prefixesOf(advertisement);
  return new LinkPrefixes({ prefix, length, address });
}

function bindingLimits(config: NodeConfig, { without }: Environment) {
  if (without.has('binding-limit')) return { home: Infinity, peer: Infinity };
  const { homeAgent, correspondentNode, contentMaster, contentSlave } = config;
  const service = contentMaster ?? contentSlave ?? config.anycastAgent ?? config.anycastServer;
  const members = service === undefined ? 0 : MAX_MEMBERS;
  const home = homeAgent?.maxBindings ?? members;
  return { home, peer: correspondentNode?.maxBindings ?? 0 };
}
