/**
 * How fast the data planes of real hosts are: TCP in bulk, datagrams of 64 octets, and round trips, by
 * the tunnel and by the short way, beside plain forwarding by the kernel on the same links in the same run.
 * Work for each second of CPU is what is compared: all hosts share this machine's cores.
 */
import { readFileSync } from 'node:fs';
import { BenchHosts, CARE_OF, HOME, type Path, PEER } from './linux-hosts.ts';
import { type Measurement, median } from './measure.ts';

const ROUNDS = 5;
const TCP_SECONDS = '1.5';
const UDP_SECONDS = '1';
const PINGS = 400;
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
}

const AIMS: Readonly<Record<'ebpf' | 'tun', { readonly tcp: number; readonly udp?: number }>> = {
  ebpf: { tcp: 0.95, udp: 0.9 },
  tun: { tcp: 0.4 },
};

export async function* linux(): AsyncGenerator<Measurement> {
  if (process.getuid?.() !== 0) {
    console.error('not measured: data planes of real hosts, which needs root');
    return;
  }
  for (const offloads of [true, false]) {
    const ways: Way[] = [{ path: 'plain', dataPlane: 'ebpf', offloads }];
    for (const dataPlane of offloads ? (['ebpf', 'tun'] as const) : (['ebpf'] as const)) {
      for (const path of ['tunnel', 'route-optimised'] as const) {
        ways.push({ path, dataPlane, offloads });
      }
    }
    const seen = await measured(ways, offloads);
    for (const way of ways) yield* results(way, seen.get(way)!, seen.get(ways[0]!)!);
  }
}

/** All ways in turns, so that what disturbs the machine disturbs all. */
async function measured(ways: readonly Way[], offloads: boolean): Promise<Map<Way, Seen>> {
  const hosts = new BenchHosts(offloads ? 'on' : 'off');
  const seen = new Map<Way, Seen>(ways.map((way) => [way, { tcp: [], udp: [], p50: [], p99: [] }]));
  try {
    hosts.setUp(offloads);
    hosts.start('mobile', ['iperf3', '-s', '-p', PORT]);
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of ways) await measure(hosts, way, seen.get(way)!);
    }
  } finally {
    hosts.close();
  }
  return seen;
}

async function measure(hosts: BenchHosts, { path, dataPlane }: Way, seen: Seen): Promise<void> {
  const target = path === 'plain' ? CARE_OF : HOME;
  hosts.begin(path, dataPlane);
  try {
    // The first packets resolve neighbours.
    await hosts.start('peer', ['ping', '-c', '3', '-i', '0.2', '-W', '2', target]).output;
    const iperf = ['iperf3', '-6', '-J', '-c', target, '-B', PEER, '-p', PORT];
    const tcp = await work(hosts, [...iperf, '-t', TCP_SECONDS, '-M', SEGMENT, '-C', 'cubic']);
    seen.tcp.push((tcp.result.end.sum_received.bytes * 8) / tcp.cpu);
    const udp = await work(hosts, [...iperf, '-t', UDP_SECONDS, '-u', '-b', '0', '-l', '64']);
    const { packets, lost_packets: lost } = udp.result.end.sum;
    seen.udp.push((packets - lost) / udp.cpu);
    const ping = ['ping', '-c', String(PINGS), '-i', '0.002', '-W', '1', target];
    const times = roundTrips(await hosts.start('peer', ping).output);
    seen.p50.push(times[times.length >> 1]!);
    seen.p99.push(times[Math.floor(times.length * 0.99)]!);
  } finally {
    hosts.end();
  }
}

interface Iperf {
  readonly end: {
    readonly sum_received: { readonly bytes: number };
    readonly sum: { readonly packets: number; readonly lost_packets: number };
  };
}

/** Runs iperf3; gives what it says, and the CPU time that the whole machine spent meanwhile. */
async function work(
  hosts: BenchHosts,
  command: readonly string[],
): Promise<{ readonly result: Iperf; readonly cpu: number }> {
  const before = busySeconds();
  const text = await hosts.start('peer', command).output;
  return { result: JSON.parse(text) as Iperf, cpu: busySeconds() - before };
}

/** CPU time of all that runs on this machine, interrupts included. */
function busySeconds(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/);
  const [user, nice, system, _idle, _wait, irq, softirq] = fields.map(Number);
  return (user! + nice! + system! + irq! + softirq!) / TICKS;
}

/** In microseconds, sorted. */
const roundTrips = (text: string): number[] =>
  [...text.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms) * 1000).sort((a, b) => a - b);

function* results(way: Way, seen: Seen, plain: Seen): Generator<Measurement> {
  const { path, dataPlane, offloads } = way;
  const what = `${path}${path === 'plain' ? '' : `, ${dataPlane}`}${offloads ? '' : ', offloads off'}`;
  const reference = (values: readonly number[], scale: number) =>
    path === 'plain' ? {} : { reference: { name: 'plain', value: median(values) / scale } };
  const aims = AIMS[dataPlane];
  const aim = (least: number | undefined) =>
    path === 'plain' || least === undefined ? {} : { aim: { least } };
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
}
