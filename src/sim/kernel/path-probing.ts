/** What the probes of paths need of a simulated kernel. */
import { PathProbes } from '../../core/forwarding/path-probes.ts';
import { Alarm } from '../simulation.ts';
import type { Kernel } from './kernel.ts';

export function pathProbes(kernel: Kernel): PathProbes {
  const { simulation, random, pathMtus } = kernel;
  const alarm = new Alarm(simulation, () => probes.tick());
  const probes = new PathProbes(
    {
      now: () => simulation.now,
      linkMtu: ({ destination, source, out }) =>
        source === undefined || kernel.isOwn(source)
          ? kernel.output.linkMtu(destination, source, out)
          : undefined,
      sourceFor: (destination) => kernel.output.sourceFor(destination),
      send: (octets, { out }) => kernel.output.sendPast(octets, out),
      carried: (entry) => kernel.table.use(entry).packets,
      found: (destination, sizes) => pathMtus.probed(destination, sizes),
      passed: (destination, size) => pathMtus.passed(destination, size),
      wakeAt: (at) => alarm.set(at),
      secrets: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    },
    kernel.without,
  );
  return probes;
}
