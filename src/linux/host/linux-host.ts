/** This machine as the host of one node: kernel, links, and data plane. */
import type { LinuxNodeOptions } from '../node-options.ts';
import type { Host, HostEvents } from './host.ts';

/** Takes this machine over for a node. */
export function openHost(_options: LinuxNodeOptions, _events: HostEvents): Host {
  throw new Error('a data plane for this host is not there yet');
}
