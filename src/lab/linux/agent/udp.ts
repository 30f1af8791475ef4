/** Datagrams with numbers, sent at their instants and counted where they arrive. */
import { BootTimer } from '../../../linux/sys/boot-clock.ts';
import type { Poller } from '../../../linux/sys/poller.ts';
import { firstOctet, LEAST_PAYLOAD } from '../../scenario/traffic.ts';
import type { AgentFlow, SendingFlow } from './protocol.ts';
import type { Reporter } from './reporter.ts';
import { chosenSource, sourceAddress } from './source-address.ts';
import { versionOf } from './version.ts';

/** Receives; the reporter is there when instant 0 is known. */
export function receiveDatagrams(
  { flow, port, ...order }: AgentFlow,
  reporter: () => Reporter | undefined,
): Promise<void> {
  const { datagrams, any } = versionOf(order);
  const socket = datagrams();
  socket.on('message', (octets, { address }) => {
    const to = reporter();
    if (to === undefined || octets.length < LEAST_PAYLOAD) return;
    to.received(flow, octets.readUInt32BE(4));
    to.from(flow, address);
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.bind(port, any, resolve);
  });
}

/**
 * Sends each datagram at its instant; those that are late are sent at once, so that none is missing. As
 * connected sockets do, it keeps the source that it began with; it is not connected, since errors of the
 * network would then take datagrams' places.
 */
export function sendDatagrams(order: SendingFlow<'udp'>, reporter: Reporter, poller: Poller): void {
  const { flow, start, stop, rate, payload, to, port, quic } = order;
  const due = (index: number): number => Math.round(start + (index * 1e6) / rate);
  let next = Math.max(0, Math.ceil(((reporter.now() - start) * rate) / 1e6));
  const socket = versionOf(order).datagrams();
  // What the network refuses is lost, as far as a datagram's sender knows.
  socket.on('error', () => {});
  const sendNext = () => {
    for (; due(next) <= reporter.now() && due(next) < stop; next++) {
      const octets = Buffer.alloc(payload);
      octets.writeUInt8(firstOctet(quic, next));
      octets.writeUInt32BE(next, 4);
      octets.writeBigUInt64BE(BigInt(reporter.now()), 8);
      reporter.sent(flow, next);
      socket.send(octets, port, to, () => {});
    }
    if (due(next) < stop) timer.set(BigInt(reporter.origin + due(next)) * 1000n);
    else timer.close();
  };
  const bindFirst = new BootTimer(poller, () => {
    bindFirst.close();
    const own = sourceAddress(order.from);
    const found = own === undefined ? chosenSource(to, port) : Promise.resolve(own);
    found.then((address) => {
      if (address !== undefined) reporter.tell({ flow, source: address });
      socket.bind({ port: 0, ...(address !== undefined && { address }) }, sendNext);
    });
  });
  const timer = new BootTimer(poller, sendNext);
  bindFirst.set(BigInt(reporter.origin + due(next)) * 1000n);
}
