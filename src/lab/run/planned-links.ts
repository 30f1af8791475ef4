/** The links of a plan as the simulator's own, on every backend. */
import { milliseconds } from '../../core/time.ts';
import { Link, type LinkOptions, type Simulation } from '../../sim/index.ts';
import type { Plan, Quality } from '../plan.ts';

/** A packet that is overtaken is held up for so long. */
const REORDER_DELAY = milliseconds(5);

export function linksOf(simulation: Simulation, { links }: Plan): Map<string, Link> {
  return new Map(
    links.map(({ name, mtu, quality }) => [
      name,
      new Link(simulation, name, { ...linkOptions(quality), mtu }),
    ]),
  );
}

/** A link's qualities as the simulator has them; what is absent stays as it is. */
export function linkOptions(quality: Quality): Partial<LinkOptions> {
  const { delay, jitter, loss, bandwidth, reorder, duplicate, drops } = quality;
  const { 'vanish-above': vanishAbove } = quality;
  return {
    ...(delay !== undefined && { delay }),
    ...(jitter !== undefined && { jitter }),
    ...(loss !== undefined && { loss }),
    ...(bandwidth !== undefined && { bandwidth }),
    ...(reorder !== undefined && { reorder: { probability: reorder, delay: REORDER_DELAY } }),
    ...(duplicate !== undefined && { duplicate }),
    ...(drops !== undefined && { drops }),
    ...(vanishAbove !== undefined && { vanishAbove }),
  };
}
