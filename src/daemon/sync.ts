/**
 * What a changed file asks of a daemon that runs: the commands that do it without losing a session,
 * or what cannot be done so.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Authentication, HomeAgentConfig, NodeConfig } from '../core/config.ts';
import type { Command } from '../core/role.ts';
import { formatAddress } from '../wire/address.ts';
import type { HostPlan } from './host-file.ts';

export interface Difference {
  readonly commands: readonly Command[];
  /** What is done, in words. */
  readonly changes: readonly string[];
  /** What wants a restart, in words; then nothing is to be done. */
  readonly refused: readonly string[];
}

export function differenceOf(before: HostPlan, after: HostPlan): Difference {
  if (before.node !== after.node) {
    const refused = [`it is about "${after.node}", and "${before.node}" runs`];
    return { commands: [], changes: [], refused };
  }
  const served = servedDifference(before.config.homeAgent, after.config.homeAgent);
  const refused = [
    ...served.refused,
    ...differing(withoutServed(before.config), withoutServed(after.config), ''),
    ...differing(before.settings, after.settings, ''),
    ...differing(before.scenario.constants, after.scenario.constants, 'constants.'),
  ];
  return { ...served, refused };
}

type Served = HomeAgentConfig['mobileNodes'];

/** Mobile nodes that come, go, or get another key. */
function servedDifference(
  before: HomeAgentConfig | undefined,
  after: HomeAgentConfig | undefined,
): Difference {
  const commands: Command[] = [];
  const changes: string[] = [];
  const refused: string[] = [];
  const was = byHome(before?.mobileNodes ?? []);
  const is = byHome(after?.mobileNodes ?? []);
  for (const [home, authentication] of is) {
    const old = was.get(home);
    if (isDeepStrictEqual(old, authentication)) continue;
    const name = formatAddress(home);
    if ([old, authentication].some((one) => one?.method === 'esp')) {
      refused.push(`the security associations of ${name}`);
      continue;
    }
    commands.push({ do: 'serve', home, authentication });
    changes.push(old === undefined ? `serves ${name}` : `${name} has another key`);
  }
  for (const [home, old] of was) {
    if (is.has(home)) continue;
    const name = formatAddress(home);
    if (old.method === 'esp') refused.push(`the security associations of ${name}`);
    else {
      commands.push({ do: 'serve', home });
      changes.push(`serves ${name} no more`);
    }
  }
  return { commands, changes, refused };
}

const byHome = (nodes: Served): Map<Served[number]['home'], Authentication> =>
  new Map(nodes.map(({ home, authentication }) => [home, authentication]));

function withoutServed(config: NodeConfig): object {
  const { homeAgent, ...others } = config;
  return { ...others, ...(homeAgent && { homeAgent: { ...homeAgent, mobileNodes: [] } }) };
}

/** The ways to all that differs, such as `homeAgent.maxBindings`. */
function differing(before: unknown, after: unknown, way: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isPlain(before) || !isPlain(after)) return [way.replace(/\.$/, '')];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differing(before[key], after[key], `${way}${key}.`));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
