/** What programs whose connections can go elsewhere say on the control socket. */
import { isPort } from '../linux/connections/connection-keepers.ts';
import { ControlError, type Request } from '../linux/control/control-server.ts';
import type { Daemon } from './daemon.ts';

/** A program offers its connections: it is asked for them by events of this request. */
export function keepConnections({ keepers }: Daemon, { said, watch }: Request): object {
  const ports = Array.isArray(said.ports) ? said.ports.filter(isPort) : [];
  if (ports.length === 0) {
    throw new ControlError('no-ports', 'ports is not a list of TCP ports, such as [80]');
  }
  let leave: (() => void) | undefined;
  const program = watch(() => leave?.());
  leave = keepers.add({ ports: new Set(ports), tell: (event) => program.send(event) });
  if (leave === undefined) {
    throw new ControlError('too-many-programs', 'enough programs offer their connections already');
  }
  return {};
}

/** It answers what it was asked. */
export function connections({ keepers }: Daemon, { said }: Request): object {
  if (!keepers.answered(said)) {
    throw new ControlError('not-asked', `nobody waits for this answer any more: ${said.answers}`);
  }
  return {};
}
