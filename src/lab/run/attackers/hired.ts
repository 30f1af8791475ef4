/** The attackers of a scenario, who stand in the simulator whatever the others do. */
import type { Link, SimNode } from '../../../sim/index.ts';
import type { Plan } from '../../plan.ts';
import type { ScenarioEvent } from '../../scenario/scenario-events.ts';
import { Attacker, type Surroundings } from './attacker.ts';

/** Called before anything is sent: they listen from the start. */
export function hiredAttackers(
  { nodes }: Plan,
  events: readonly ScenarioEvent[],
  simulated: ReadonlyMap<string, SimNode>,
  links: ReadonlyMap<string, Link>,
  surroundings: Surroundings,
): Map<string, Attacker> {
  const attackers = new Map<string, Attacker>();
  for (const planned of nodes) {
    if (planned.role !== 'attacker') continue;
    const { name } = planned;
    const attacks = events.flatMap((event) =>
      event.kind === 'attack' && event.node === name ? [event.attack] : [],
    );
    const node = simulated.get(name)!;
    attackers.set(name, new Attacker(node, planned, links, attacks, surroundings));
  }
  return attackers;
}
