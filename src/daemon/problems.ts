/** What is wrong with a node, and what to do: the part of `careof status` that is read at night. */
import { readFileSync } from 'node:fs';
import type { LinuxCounter } from '../linux/counters.ts';
import { formatAddress } from '../wire/address.ts';
import { secondsSince } from './bindings.ts';
import type { Daemon } from './daemon.ts';
import { ipv4LeadsAway } from './ipv4-routes.ts';
import { pairKey, type RefusalRecord } from './ledger.ts';
import type { LinkJson } from './links.ts';
import { providerProblems, routedLinks } from './providers.ts';
import { serviceProblems } from './services.ts';
import { sharedProblems } from './shared.ts';
import type { TableJson } from './status.ts';

export interface Problem {
  /** `error`: something does not work now; `warning`: it works, or will not for long. */
  readonly level: 'error' | 'warning';
  readonly what: string;
  readonly mend?: string;
}

/** No answer for so long is not the first hand-over's hurry any more. */
const SILENT_US = 3e6;
/** A table that is full to this share is told of before it is full. */
const NEARLY = 0.9;
/** Refusals are worth a warning for so long. */
const LATELY_US = 600e6;
/** A step of the wall clock that authentication by timestamps notices (RFC 4285: 7 s). */
const CLOCK_STEP_US = 3e6;

export function problemsOf(
  daemon: Daemon,
  links: readonly LinkJson[],
  tables: readonly TableJson[],
): Problem[] {
  return [
    ...linkProblems(daemon, links),
    ...registrationProblems(daemon),
    ...providerProblems(daemon),
    ...serviceProblems(daemon, links),
    ...sharedProblems(daemon),
    ...agentProblems(daemon, links),
    ...ipv4Problems(daemon),
    ...planeProblems(daemon),
    ...tables.flatMap(tableProblem),
    ...clockProblems(daemon),
  ];
}

function* linkProblems(daemon: Daemon, links: readonly LinkJson[]): Generator<Problem> {
  const { ledger, clock } = daemon;
  const routed = routedLinks(daemon);
  const now = clock.now();
  const usable = links.filter(({ state }) => state === 'up');
  for (const { link, interface: name, state } of links) {
    if (state !== 'absent') continue;
    const level = usable.length > 0 ? 'warning' : 'error';
    const mend = `ip link shows those that there are; interfaces: { ${link}: NAME } in the file names another`;
    yield { level, what: `the interface ${name} is not there`, mend };
  }
  for (const { interface: name, state } of ledger.links.size === 0 ? links : []) {
    if (state !== 'down') continue;
    yield {
      level: 'warning',
      what: `the interface ${name} is down`,
      mend: `ip link set ${name} up`,
    };
  }
  if (ledger.links.size === 0) return;
  if (usable.length === 0) {
    const names = links.map((one) => one.interface).join(', ');
    const mend = `plug in or connect ${names}; ip link set NAME up`;
    yield { level: 'error', what: 'no interface is up: nothing can be reached', mend };
  }
  for (const { link, interface: name } of usable) {
    const record = ledger.links.get(link);
    if (record === undefined) continue;
    if (record.state === 'duplicate') {
      const what = `${formatAddress(record.address!)} on ${name} is somebody else's too`;
      yield { level: 'error', what, mend: 'find who has it; another address was tried' };
    }
    if (record.router !== undefined || routed.has(link) || now - record.since < SILENT_US) continue;
    const what = `no router on ${name} for ${secondsSince(record.since, now)} s`;
    const mend = `does the network announce IPv6? tcpdump -ni ${name} icmp6 shows its Router Advertisements`;
    yield { level: usable.length > 1 ? 'warning' : 'error', what, mend };
  }
}

function* registrationProblems({ ledger, clock, host }: Daemon): Generator<Problem> {
  const { mobileNode } = host.config;
  if (mobileNode === undefined) return;
  const now = clock.now();
  if (mobileNode.authentication.method === 'none') {
    const mend = 'give the node auth: { rfc4285: ... }, here and at the home agent';
    const what = 'registrations go out without proof: anybody could take the home address away';
    yield { level: 'warning', what, mend };
  }
  for (const [key, at] of ledger.exhausted) {
    const what = `the security association with ${key} has no numbers left since ${secondsSince(at, now)} s`;
    yield { level: 'error', what, mend: 'give both ends new keys' };
  }
  const { agent } = ledger;
  if (agent === undefined) return;
  const name = formatAddress(agent);
  const silence = ledger.silences.get(agent);
  const trouble = ledger.registrations.get(pairKey(mobileNode.home, agent))?.trouble;
  if (silence !== undefined && now - silence.since > SILENT_US) {
    const since = secondsSince(silence.since, now);
    const what = `the home agent ${name} does not answer for ${since} s (${silence.count} updates)`;
    yield { level: 'error', what, mend: `ping -6 ${name}; does careof run there?` };
  } else if (trouble !== undefined && !trouble.text.startsWith('taken back')) {
    const text = words(trouble.text);
    const what = `the home agent ${name}: ${text}, ${secondsSince(trouble.at, now)} s ago`;
    yield { level: 'error', what, mend: mendOf(text) };
  }
}

/** Names of status codes as words: `mipv6IdMismatch` is `mipv6 id mismatch`. */
export const words = (text: string): string =>
  text.replace(/\b[a-z]+[a-z0-9]*(?:[A-Z][a-z0-9]*)+\b/g, (name) =>
    name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
  );

function mendOf(trouble: string): string {
  if (trouble.includes('not authenticated'))
    return 'compare spi and key with those of the home agent';
  if (/id mismatch|identification/i.test(trouble)) return 'set the clocks of both ends right (NTP)';
  if (/not home agent/i.test(trouble)) return 'is this node in the file of the home agent?';
  return '`careof why AGENT` and the log of the home agent say more';
}

function* agentProblems(daemon: Daemon, links: readonly LinkJson[]): Generator<Problem> {
  const { host, ledger, clock } = daemon;
  const { homeAgent } = host.config;
  if (host.planned.forwarding && !forwards('ipv6')) {
    const mend = 'sysctl -w net.ipv6.conf.all.forwarding=1';
    yield { level: 'error', what: 'this host forwards no packets of others', mend };
  }
  if (homeAgent === undefined) return;
  if (homeAgent.allowUnauthenticated) {
    const what = 'registrations without proof are taken: anybody can take a home address away';
    yield {
      level: 'warning',
      what,
      mend: 'give mobile nodes keys, and take allow-unauthenticated out',
    };
  }
  const address = formatAddress(homeAgent.address);
  const home = links.find(({ link }) => link === homeAgent.link);
  if (
    home?.state !== 'absent' &&
    home?.addresses.some((one) => one.startsWith(`${address}/`)) === false
  ) {
    const mend = `ip -6 addr add ${address}/64 dev ${home.interface}, or own-addresses: { ${home.link}: ... } in the file`;
    yield {
      level: 'error',
      what: `${home.interface} does not have ${address}, this home agent's address`,
      mend,
    };
  }
  const now = clock.now();
  const ours = new Set(homeAgent.mobileNodes.map(({ home }) => home));
  // One of ours that takes back what there is not is only making sure that it is home.
  const matters = ({ home, reason }: RefusalRecord) =>
    !(ours.has(home) && reason === 'notHomeAgentForThisMobileNode');
  const lately = ledger.refusals.filter((one) => now - one.at < LATELY_US && matters(one));
  const last = lately.at(-1);
  if (last === undefined) return;
  const count = lately.length === 1 ? 'a registration was' : `${lately.length} registrations were`;
  const reason = words(last.reason);
  const what = `${count} refused lately, the last of ${formatAddress(last.home)}: ${reason}, ${secondsSince(last.at, now)} s ago`;
  yield { level: 'warning', what, mend: mendOf(reason) };
}

/** What keeps IPv4 clients of an anycast address from their servers, or from answers. */
function* ipv4Problems({ node, host }: Daemon): Generator<Problem> {
  const { anycastAgent, anycastServer } = host.config;
  const { service4 } = anycastAgent ?? anycastServer ?? {};
  if (service4 === undefined) return;
  if (anycastAgent !== undefined && !forwards('ipv4')) {
    const mend = 'sysctl -w net.ipv4.conf.all.forwarding=1';
    yield { level: 'error', what: 'this host forwards no IPv4 packets of others', mend };
  }
  const isStraight = anycastServer?.directReturn === true && anycastServer.overIpv4 === undefined;
  if ((anycastAgent !== undefined || isStraight) && !ipv4LeadsAway()) {
    const what = 'no IPv4 route leads beyond the links of this host: clients there are not reached';
    const instead = isStraight ? '; or direct-return: false in the file' : '';
    const mend = `ip -4 route add default via ROUTER, or via inet6 ROUTER dev NAME${instead}`;
    yield { level: 'warning', what, mend };
  }
  const refused = node.counters()['service.ipv4_refused'] ?? 0;
  if (refused === 0) return;
  const four = formatAddress(service4);
  const what = `agents did not know ${four} (${refused} registrations): they send no IPv4 clients here`;
  yield { level: 'warning', what, mend: `ipv4-service: ${four} in the file of each agent` };
}

/** What the host did not do for the node, by its counters. */
const REFUSED: Partial<Record<LinuxCounter, string>> = {
  'host.address_refused': 'addresses were not taken by the kernel',
  'host.route_refused': 'routes were not taken by the kernel',
  'plane.entry_refused': 'entries found no room in the forwarding table',
};

function* planeProblems({ node, host, options }: Daemon): Generator<Problem> {
  const plane = node.status()?.dataPlane;
  const asked = options.dataPlane ?? host.settings['data-plane'] ?? 'auto';
  if (plane?.kind === 'tun' && asked === 'auto') {
    const what = `packets go through this process (TUN), not the kernel: ${plane.why}`;
    yield { level: 'warning', what, mend: 'careof doctor says what eBPF needs' };
  }
  const counters = node.counters();
  for (const [counter, text] of Object.entries(REFUSED)) {
    const count = counters[counter as LinuxCounter] ?? 0;
    if (count > 0) yield { level: 'error', what: `${count} ${text}`, mend: 'the log says which' };
  }
}

function tableProblem({ table, size, limit }: TableJson): Problem[] {
  if (limit === undefined || size < NEARLY * limit) return [];
  const share = Math.floor((100 * size) / limit);
  const mend = table === 'bindings' ? 'raise max-bindings in the file' : undefined;
  return [
    {
      level: size >= limit ? 'error' : 'warning',
      what: `the table ${table} is ${share} % full (${size} of ${limit})`,
      ...(mend !== undefined && { mend }),
    },
  ];
}

function* clockProblems({ clock }: Daemon): Generator<Problem> {
  const step = clock.wallClockStep();
  if (Math.abs(step) < CLOCK_STEP_US) return;
  const what = `the date was set by ${Math.round(step / 1e6)} s since the start: timestamps of registrations are off by that`;
  yield { level: 'warning', what, mend: 'careof down --leave, then careof up: bindings stay' };
}

function forwards(version: 'ipv6' | 'ipv4'): boolean {
  try {
    return readFileSync(`/proc/sys/net/${version}/conf/all/forwarding`, 'utf8').trim() !== '0';
  } catch {
    // No such file: nothing is known, and nothing is said.
    return true;
  }
}
