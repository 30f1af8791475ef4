/** The simulator's public surface: what the lab builds networks from. */
export { KERNEL_COUNTERS } from './kernel/counters.js';
export { INTERNAL } from './kernel/interface.js';
export { Kernel } from './kernel/kernel.js';
export { linkAddressOf, linkLocalAddress, namedLinkAddress, } from './kernel/link-address.js';
export { TcpConnection } from './kernel/tcp/connection.js';
export { isPattern, pattern } from './kernel/tcp/send-stream.js';
export { isGroup, Link, } from './link.js';
export { SimNode } from './node.js';
export { Alarm, Simulation } from './simulation.js';
