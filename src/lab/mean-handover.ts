/** What a hand-over costs on average, in the phases that published measurements tell. */
import { PHASES, type Phase } from '../core/events.ts';
import type { Handover } from './handovers.ts';

/** Means in the order in which a hand-over goes, under the names of scenario files. */
export const MEANS = [
  'movement-detection',
  'address-configuration',
  'detection-and-address',
  'home-registration',
  'return-routability',
  'peer-registration',
  'total',
] as const;

export type MeanHandover = { readonly count: number } & {
  /** Microseconds; null where it did not happen in every one. */
  readonly [K in (typeof MEANS)[number]]: number | null;
};

/** The mean of some hand-overs. */
export function meanOf(handovers: readonly Handover[]): MeanHandover {
  const of = (value: (one: Handover) => number | null): number | null => {
    let sum = 0;
    for (const one of handovers) {
      const own = value(one);
      if (own === null) return null;
      sum += own;
    }
    return handovers.length === 0 ? null : sum / handovers.length;
  };
  const phase = (name: Phase) => of(({ phases }) => phases[name]);
  const [detection, address, home, routability, peer] = PHASES.map(phase);
  return {
    count: handovers.length,
    'movement-detection': detection!,
    'address-configuration': address!,
    'detection-and-address': of(({ phases: { movement_detection, address_configuration } }) =>
      movement_detection === null || address_configuration === null
        ? null
        : movement_detection + address_configuration,
    ),
    'home-registration': home!,
    'return-routability': routability!,
    'peer-registration': peer!,
    total: of(({ total }) => total),
  };
}
