import type { AnycastServerConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import type { AgentJoins, AgentJoinsOptions } from './agent-joins.ts';
import { AgentsByRoutes } from './agents-by-routes.ts';
import { ConfiguredAgents } from './configured-agents.ts';
import { DiscoveredAgents } from './discovered-agents.ts';
import { SearchedAgents } from './searched-agents.ts';

/** How a server comes to its agents, as it was told to. */
export function joinsOf(
  config: AnycastServerConfig,
  options: AgentJoinsOptions,
  state: NodeState,
): AgentJoins {
  switch (config.findAgents) {
    case 'anycast':
      return new AgentsByRoutes(config, options, state);
    case 'multicast':
      return new SearchedAgents(config, options, state);
    case 'discovery':
      return new DiscoveredAgents(config, options, state);
    default:
      return new ConfiguredAgents(config, options, state);
  }
}
