/** Roles on real hosts: the driver of a node, its data planes, the system calls below. */
export type { DataPlaneChoice, Journal, LinuxNodeOptions, NodeClock } from './node-options.ts';
export type { Accelerator, AcceleratorSurroundings } from './plane/accelerator.ts';
