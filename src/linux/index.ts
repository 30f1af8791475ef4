/** Roles on real hosts: the driver of a node, its data planes, the system calls below. */
export { Connection, type Session } from './connections/movable-connection.ts';
export { MovableServer, type MovableServerOptions } from './connections/movable-server.ts';
export { LINUX_COUNTERS, type LinuxCounter } from './counters.ts';
export { LinuxNode, type LinuxNodeCounter } from './linux-node.ts';
export type { DataPlaneChoice, Journal, LinuxNodeOptions, NodeClock } from './node-options.ts';
export type {
  AddressStatus,
  DataPlaneStatus,
  EntryStatus,
  HostStatus,
  LinkStatus,
  PathMtuStatus,
  RouteStatus,
  RuleStatus,
} from './node-status.ts';
export type { Accelerator, AcceleratorSurroundings } from './plane/accelerator.ts';
