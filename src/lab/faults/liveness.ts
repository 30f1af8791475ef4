/** What must have come about some time after the heal: sessions go on, nodes are reached, paths are short. */
import type { Kernel } from '../../sim/index.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import { type FlowRecord, TcpRecord, UdpRecord } from '../flow-records.ts';
import { Excuses } from './excuses.ts';
import { claimsOf, type Inside } from './inside.ts';
import type { RandomRun } from './random-scenario.ts';
import type { Report } from './violation.ts';

/** At the end of the liveness phase, with all datagrams sent. */
export function checkReached(inside: Inside, run: RandomRun, report: Report): void {
  const excuses = new Excuses(run, inside);
  for (const flow of inside.world.applications.records) {
    if (!(flow instanceof UdpRecord)) continue;
    const { from, to } = flow.text;
    const since = excuses.reachedFrom(from, to);
    const lost = flow.lostAt.filter((at) => at >= since);
    if (lost.length === 0) continue;
    const [first, last] = [lost[0]!, lost.at(-1)!].map((at) => (at / 1e6).toFixed(3));
    const text = `${flow.name} from ${from}: ${lost.length} datagrams of ${first} s to ${last} s lost`;
    report('not-reached', to, text);
  }
}

/** What a peer knows that sends by the home agent. */
const NOTHING = 'nothing';

/**
 * While datagrams flow: whoever can be told a care-of address is told it, and is told when the node
 * is home. A binding that is renewed late is gone for a moment, so one good look in several is enough.
 */
export class Optimised {
  readonly #inside: Inside;
  readonly #excuses: Excuses;
  /** Mobile node and peer, with what is wrong as long as it never was right. */
  readonly #pairs = new Map<string, { mobile: string; peer: string; wrong: string | undefined }>();

  constructor(inside: Inside, run: RandomRun) {
    this.#inside = inside;
    const roles = new Map(inside.world.plan.nodes.map((node) => [node.name, node]));
    const excuses = new Excuses(run, inside);
    this.#excuses = excuses;
    for (const { text } of inside.world.applications.records) {
      if (text.protocol !== 'udp') continue;
      for (const [mobile, peer] of [
        [text.to, text.from],
        [text.from, text.to],
      ] as const) {
        if (roles.get(mobile)!.config?.mobileNode?.routeOptimisation !== true) continue;
        if (roles.get(peer)!.config?.correspondentNode === undefined) continue;
        // What one side forgot lives on at the other, and who is not heard of is told nothing.
        if (excuses.died(mobile)) continue;
        this.#pairs.set(`${mobile} ${peer}`, { mobile, peer, wrong: 'nobody looked' });
      }
    }
  }

  look(): void {
    for (const pair of this.#pairs.values()) {
      if (pair.wrong !== undefined) pair.wrong = this.#wrong(pair.mobile, pair.peer);
    }
  }

  check(report: Report): void {
    for (const { mobile, peer, wrong } of this.#pairs.values()) {
      if (wrong === undefined || (wrong === NOTHING && this.#excuses.gaveUp(mobile, peer)))
        continue;
      report('not-optimised', peer, `of ${mobile} it knows ${wrong}`);
    }
  }

  #wrong(mobile: string, peer: string): string | undefined {
    const { nodes } = this.#inside.world.network;
    const { kernel } = nodes.get(mobile)!;
    const home = [...this.#inside.homes].find(([, name]) => name === mobile)![0];
    const claims = this.#inside.entriesOf(nodes.get(peer)!).flatMap(claimsOf);
    const known = claims.find((one) => one.home === home && one.kind === 'to-peer');
    if (isHome(kernel, home)) return known && formatAddress(known.careOf);
    if (known === undefined) return NOTHING;
    return kernel.isOwn(known.careOf) ? undefined : formatAddress(known.careOf);
  }
}

/** A mobile node has its home address on a link of its own at home, and on none while away. */
function isHome({ interfaces }: Kernel, home: Address): boolean {
  return [...interfaces.values()].some(
    ({ linkLocal, addresses }) => linkLocal !== undefined && addresses.has(home),
  );
}

/** Before the silence: every session has come to its end, or has a reason not to. */
export function checkSessions(inside: Inside, run: RandomRun, report: Report): void {
  const excuses = new Excuses(run, inside);
  // A host with several providers has no address above others: each datagram leaves with the best one.
  const isMobile = (from: string) => !run.scenario.nodes.get(from)!.role.startsWith('multihomed');
  for (const flow of inside.world.applications.records) {
    if (flow instanceof TcpRecord) checkSession(flow, run, excuses, report);
    else if (flow instanceof UdpRecord && flow.misattributions > 0 && isMobile(flow.text.from)) {
      const text = `${flow.name}: ${flow.misattributions} datagrams did not name ${flow.text.from}`;
      report('wrong-source', flow.text.to, text);
    }
  }
}

function checkSession(flow: FlowRecord, run: RandomRun, excuses: Excuses, report: Report): void {
  const { text } = flow;
  const { survived, failure, bytes, digestOk } = flow.result([]);
  if (survived) return;
  const ends = [text.from, text.to];
  if (digestOk !== false) {
    // An end that died took the session with it, and peers may send to where it was before.
    if (ends.some((end) => excuses.died(end))) return;
    // Where a path is not there yet, the first segment is answered with an ICMPv6 error.
    const noPath = text.start < excuses.reachedFrom(text.from, text.to);
    if (failure === 'unreachable' && bytes === 0 && noPath) return;
    const nodes = run.network.mobileNodes.filter(({ name }) => ends.includes(name));
    const forgetful = nodes.some(({ agents }) => agents.some((agent) => excuses.forgot(agent)));
    const slow = forgetful || excuses.misled(text.from, text.to);
    if (slow && (failure === 'unfinished' || failure === null)) return;
  }
  const why = digestOk === false ? 'other octets came' : (failure ?? 'unfinished');
  report('session-broken', text.to, `${flow.name} from ${text.from}: ${why} after ${bytes} octets`);
}
