/** A node of a plan on the simulator: its interfaces on their links, its fixed addresses and routes. */
import {
  type Kernel,
  type Link,
  type Route,
  SimNode,
  type SimNodeOptions,
  type Simulation,
} from '../../sim/index.ts';
import type { PlannedNode } from '../plan.ts';
import type { PlannedRoute } from '../plan-routes.ts';

type Given = Pick<SimNodeOptions, 'environment' | 'onEvent' | 'resolve' | 'role' | 'shared'>;

/** @param onStart its kernel has come up, at the start or after a crash. */
export function simulatedNode(
  simulation: Simulation,
  planned: PlannedNode,
  links: ReadonlyMap<string, Link>,
  given: Given & { readonly onStart?: (kernel: Kernel) => void },
): SimNode {
  const { onStart, ...options } = given;
  const { name, forwarding, interfaces, nat, ingress } = planned;
  const configure = (kernel: Kernel) => {
    configureFixed(kernel, planned);
    onStart?.(kernel);
  };
  const node = new SimNode({
    ...{ simulation, name, forwarding, configure, ...options },
    ...(nat && { nat }),
    ...(ingress && { ingress }),
  });
  for (const one of interfaces) {
    node.addInterface(one.name, one.link === undefined ? undefined : links.get(one.link));
  }
  return node;
}

function configureFixed(kernel: Kernel, { interfaces, routes, ipv4 }: PlannedNode): void {
  for (const { name, addresses } of interfaces) {
    for (const address of addresses) {
      kernel.addAddress(name, { address, prefixLength: 64, optimistic: false, preferred: false });
    }
  }
  if (ipv4 !== undefined) {
    const whole = { address: ipv4, prefixLength: 32, optimistic: false, preferred: false };
    kernel.addAddress(interfaces[0]!.name, whole);
  }
  for (const route of routes) kernel.addRoute(kernelRoute(route));
}

/** A route of the plan as a kernel has it. */
export const kernelRoute = ({ interface: link, ...route }: PlannedRoute): Route => ({
  ...route,
  link,
  origin: 'fixed',
});
