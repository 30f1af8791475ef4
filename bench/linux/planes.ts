/**
 * How fast the data planes of real hosts are: TCP in bulk, datagrams of 64 octets, and round trips, by
 * the tunnel and by the short way, beside plain forwarding by the kernel on the same links in the same run.
 * Work for each second of CPU is what is compared: all hosts share this machine.
 */
import { readFileSync } from 'node:fs';
import { type Measurement, median } from '../measure.ts';
import { BenchHosts, CARE_OF, HOME, type Path, PEER } from './hosts.ts';

const ROUNDS = 5;
const TCP_SECONDS = '1.5';
const UDP_SECONDS = '1';
const PINGS = 400;
/** iperf3 gives up where its server is late, as on a machine that is busy. */
const TRIES = 3;
const PORT = '5201';
/** What both ends may send in one segment on each path, so that all carry segments of one size. */
const SEGMENT = '1340';
/** `/proc/stat` counts in hundredths of a second. */
const TICKS = 100;

interface Way {
  readonly path: Path;
  readonly dataPlane: 'ebpf' | 'tun';
  readonly offloads: boolean;
}

interface Seen {
  readonly tcp: number[];
  readonly udp: number[];
  readonly p50: number[];
  readonly p99: number[];
  /** Of a thousand packets that an accelerator met, those that went the slow way. */
  readonly slow: number[];
}

const AIMS: Readonly<Record<'ebpf' | 'tun', { readonly tcp: number; readonly udp?: number }>> = {
  ebpf: { tcp: 0.95, udp: 0.9 },
  tun: { tcp: 0.4 },
};

/** With links that segment and sum, and without; `dataPlanes` beside the kernel's own forwarding. */
export function planes(
  offloads: boolean,
  dataPlanes: readonly ('ebpf' | 'tun')[],
): AsyncGenerator<Measurement> {
  return beside(['plain', 'kernel-tunnel'], ['tunnel', 'route-optimised'], offloads, dataPlanes);
}

/** Clients of an anycast address: through their agent, and straight to a server that has bound them. */
export function anycastPaths(): AsyncGenerator<Measurement> {
  return beside(['plain'], ['by-agent', 'route-optimised'], true, ['ebpf', 'tun']);
}

async function* beside(
  kernels: readonly Path[],
  ours: readonly Path[],
  offloads: boolean,
  dataPlanes: readonly ('ebpf' | 'tun')[],
): AsyncGenerator<Measurement> {
  const ways: Way[] = kernels.map((path) => ({ path, dataPlane: 'ebpf', offloads }));
  for (const dataPlane of dataPlanes) {
    for (const path of ours) ways.push({ path, dataPlane, offloads });
  }
  const seen = await measured(ways, offloads);
  for (const way of ways) yield* results(way, seen.get(way)!, seen.get(ways[0]!)!);
}

/** All ways in turns, so that what disturbs the machine disturbs all. */
async function measured(ways: readonly Way[], offloads: boolean): Promise<Map<Way, Seen>> {
  const hosts = new BenchHosts(offloads ? 'on' : 'off');
  const seen = new Map<Way, Seen>(
    ways.map((way) => [way, { tcp: [], udp: [], p50: [], p99: [], slow: [] }]),
  );
  try {
    hosts.setUp(offloads);
    const receiver = hosts.start('mobile', ['iperf3', '-s', '-p', PORT]).child.pid!;
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of ways) await measure(hosts, receiver, way, seen.get(way)!);
    }
  } finally {
    hosts.close();
  }
  return seen;
}

async function measure(
  hosts: BenchHosts,
  receiver: number,
  { path, dataPlane }: Way,
  seen: Seen,
): Promise<void> {
  const target = path === 'plain' ? CARE_OF : HOME;
  hosts.begin(path, dataPlane);
  try {
    // The first packets resolve neighbours.
    await hosts.start('peer', ['ping', '-c', '3', '-i', '0.2', '-W', '2', target]).output;
    const iperf = ['iperf3', '-6', '-J', '-c', target, '-B', PEER, '-p', PORT];
    const tcp = await work(hosts, receiver, [
      ...iperf,
      '-t',
      TCP_SECONDS,
      '-M',
      SEGMENT,
      '-C',
      'cubic',
    ]);
    seen.tcp.push((tcp.result.end.sum_received.bytes * 8) / tcp.cpu);
    const udp = await work(hosts, receiver, [
      ...iperf,
      '-t',
      UDP_SECONDS,
      '-u',
      '-b',
      '0',
      '-l',
      '64',
    ]);
    const { packets, lost_packets: lost } = udp.result.end.sum;
    seen.udp.push((packets - lost) / udp.cpu);
    const ping = ['ping', '-c', String(PINGS), '-i', '0.002', '-W', '1', target];
    const times = roundTrips(await hosts.start('peer', ping).output);
    seen.p50.push(times[times.length >> 1]!);
    seen.p99.push(times[Math.floor(times.length * 0.99)]!);
    seen.slow.push(slowShare(hosts));
  } finally {
    hosts.end();
  }
}

/** What a host says on a link by itself goes the slow way in any case, and is little. */
function slowShare(hosts: BenchHosts): number {
  let all = 0;
  let slow = 0;
  for (const counters of hosts.counters().values()) {
    for (const [name, count] of Object.entries(counters)) {
      if (!name.startsWith('ebpf.')) continue;
      all += count;
      if (name.startsWith('ebpf.slow_')) slow += count;
    }
  }
  return all === 0 ? 0 : (1000 * slow) / all;
}

interface Iperf {
  readonly end: {
    readonly sum_received: { readonly bytes: number };
    readonly sum: { readonly packets: number; readonly lost_packets: number };
  };
}

/** Runs iperf3; gives what it says, and the CPU time that was spent for it. */
async function work(
  hosts: BenchHosts,
  receiver: number,
  command: readonly string[],
): Promise<{ readonly result: Iperf; readonly cpu: number }> {
  for (let left = TRIES; ; left--) {
    const before = busySeconds(receiver);
    const text = await hosts.start('peer', command).output.catch(String);
    const cpu = busySeconds(receiver) - before;
    if (text.startsWith('{')) {
      const result = JSON.parse(text) as Iperf & { readonly error?: string };
      if (result.error === undefined) return { result, cpu };
    }
    if (left === 1) throw new Error(`${command.join(' ')}: ${text}`);
  }
}

/**
 * CPU time of what carries packets: of this process, whose data planes run in it, of the programs that
 * it has waited for, of the receiver, and what the kernel did for no process (softirqs). Others that
 * are at work on this machine do not count, but for their own softirqs.
 */
function busySeconds(receiver: number): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/);
  const [irq, softirq] = fields.slice(5).map(Number);
  const processes = timesOf('self').reduce((sum, time) => sum + time);
  const [user, system] = timesOf(receiver);
  return (irq! + softirq! + processes + user! + system!) / TICKS;
}

/** utime, stime, and the same of the children that it has waited for, in ticks. Source: proc(5). */
function timesOf(process: number | 'self'): number[] {
  const stat = readFileSync(`/proc/${process}/stat`, 'utf8');
  // Behind the name, which may have spaces in it, and ends with the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}

/** In microseconds, sorted. */
const roundTrips = (text: string): number[] =>
  [...text.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms) * 1000).sort((a, b) => a - b);

function* results(way: Way, seen: Seen, plain: Seen): Generator<Measurement> {
  const { path, dataPlane, offloads } = way;
  const ours = path !== 'plain' && path !== 'kernel-tunnel';
  const what = `${path}${ours ? `, ${dataPlane}` : ''}${offloads ? '' : ', offloads off'}`;
  const reference = (values: readonly number[], scale: number) =>
    path === 'plain' ? {} : { reference: { name: 'plain', value: median(values) / scale } };
  const aims = AIMS[dataPlane];
  const aim = (least: number | undefined) =>
    !ours || least === undefined ? {} : { aim: { least } };
  const { tcp, udp, p50, p99 } = seen;
  yield {
    name: `TCP in bulk: ${what}`,
    ...{ value: median(tcp) / 1e9, unit: 'Gbit/CPU-s' },
    ...{ ...reference(plain.tcp, 1e9), ...aim(aims.tcp) },
  };
  yield {
    name: `datagrams of 64 octets: ${what}`,
    ...{ value: median(udp) / 1e3, unit: 'kpackets/CPU-s' },
    ...{ ...reference(plain.udp, 1e3), ...aim(aims.udp) },
  };
  yield {
    name: `round trip, median: ${what}`,
    ...{ value: median(p50), unit: 'us', ...reference(plain.p50, 1) },
  };
  yield {
    name: `round trip, 99 of 100: ${what}`,
    ...{ value: median(p99), unit: 'us', ...reference(plain.p99, 1) },
  };
  if (!ours || dataPlane !== 'ebpf') return;
  yield {
    name: `packets on the slow path: ${what}`,
    ...{ value: Math.max(...seen.slow), unit: 'of 1000', aim: { most: 1 } },
  };
}
