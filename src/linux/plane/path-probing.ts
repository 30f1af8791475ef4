/** The probes of paths, as the data plane of a Linux host sends them. */
import type { PathMtus } from '../../core/forwarding/path-mtus.ts';
import { PathProbes } from '../../core/forwarding/path-probes.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { type Address, readAddress } from '../../wire/address.ts';
import type { PlaneSurroundings } from './surroundings.ts';

export function pathProbes(
  host: PlaneSurroundings,
  pathMtus: PathMtus,
  without: ReadonlySet<Mechanism>,
): PathProbes {
  /** Who sends by the path without asking here is told what holds of it now. */
  const tell = (destination: Address) => host.learned?.(pathMtus.now(destination, host.now()));
  return new PathProbes(
    {
      now: host.now,
      linkMtu: ({ source, destination, out }) => {
        const from = source ?? host.sourceFor(destination);
        if (from === undefined || !host.isOwn(from)) return undefined;
        return host.linkMtuOf(from, destination, out);
      },
      sourceFor: (destination) => host.sourceFor(destination),
      send: (octets, { destination, out }) => {
        const sent = host.send(octets, readAddress(octets, 8), destination, out);
        if (sent === 'sent') host.count('plane.probe_sent');
      },
      carried: (entry) => host.carried(entry),
      found: (destination, sizes) => {
        pathMtus.probed(destination, sizes);
        tell(destination);
      },
      passed: (destination, size) => pathMtus.passed(destination, size),
      wakeAt: (at) => host.wakeAt(at),
      secrets: (count) => host.secrets(count),
    },
    without,
  );
}
