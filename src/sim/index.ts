/** The simulator's public surface: what the lab builds networks from. */

export type { NetworkError } from '../core/icmp-messages.ts';
export { KERNEL_COUNTERS, type KernelCounter } from './kernel/counters.ts';
export { orderDestinations } from './kernel/destination-selection.ts';
export type { IngressFilter } from './kernel/ingress-filter.ts';
export { INTERNAL, type InterfaceAddress } from './kernel/interface.ts';
export type { Sent } from './kernel/ip-output.ts';
export { Kernel } from './kernel/kernel.ts';
export {
  linkAddressOf,
  linkLocalAddress,
  namedLinkAddress,
} from './kernel/link-address.ts';
export { type NatOptions, UDP_TIMEOUT } from './kernel/nat.ts';
export type { Route } from './kernel/routes.ts';
export { TcpConnection } from './kernel/tcp/connection.ts';
export type { CloseReason, TcpHandlers, TcpStatistics } from './kernel/tcp/handlers.ts';
export { type Fill, isPattern, pattern } from './kernel/tcp/send-stream.ts';
export type { ConnectOptions, OnConnection, TcpListener } from './kernel/tcp/tcp.ts';
export type { Datagram, UdpOptions, UdpSocket } from './kernel/udp.ts';
export {
  type Frame,
  isGroup,
  Link,
  type LinkObserver,
  type LinkOptions,
  type LossReason,
  type Station,
} from './link.ts';
export { DROPPABLE, type Droppable, type HeaderDrop } from './middlebox.ts';
export { type NodeCounter, SimNode } from './node.ts';
export type { SharedEnvironment, SimNodeOptions } from './node-options.ts';
export { SharedMap, type SharedMapOptions } from './shared-map.ts';
export { Alarm, Simulation, type Timer } from './simulation.ts';
