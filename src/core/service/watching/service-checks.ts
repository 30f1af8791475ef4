import { formatAddress } from '../../../wire/address.ts';
import { PROTOCOL } from '../../../wire/numbers.ts';
import type { MobilityOptionInput } from '../../../wire/packet.ts';
import { sameTunnel } from '../../bindings/home-agent-entries.ts';
import type { ServiceConfig } from '../../config.ts';
import type { ForwardingEntry } from '../../forwarding/entry.ts';
import type { NodeState } from '../../node-state.ts';
import { count, forward, type PartInput, tell, unforward } from '../../part.ts';
import type { Output } from '../../role.ts';
import type { CheckResult } from '../../service-check.ts';
import type { CheckView } from '../../service-view.ts';
import { askAgain } from '../../signalling/signalling.ts';
import { after, type Instant, sooner } from '../../time.ts';
import type { Member } from '../member.ts';
import { MAX_MEMBERS } from '../members.ts';
import { endOf, intoServer } from '../over-ipv4.ts';
import type { ServiceHolder } from '../service-holder.ts';
import { PROGRAM_FAILS } from './program-fails.ts';

/** Checks that fail in a row, before the clients of a server get another one. */
export const FAILED_CHECKS = 3;
/** Checks come from these ports, which Linux gives to no program by itself (32768 to 60999 it does). */
const FIRST_PORT = 61_000;
const PORTS = 4096;

/** What is known of the program of one server. */
interface Checked {
  readonly id: string;
  member: Member;
  port: number;
  nextAt: Instant;
  /** The check that is under way. */
  waiting: string | undefined;
  result: CheckResult | undefined;
  /** Since when it is like that. */
  since: Instant;
  /** Checks that failed in a row. */
  failures: number;
  /** Its clients were given to others. */
  left: boolean;
  /** It was told that. */
  told: boolean;
}

/**
 * Do the programs of the servers answer? A server's daemon may live while its program is dead. So the holder of
 * the address opens a connection to the address itself through the tunnel to each server, as its clients do, from
 * a port that an entry leads to that server alone.
 *
 *     a check has failed       -> no new clients, as long as another server is well
 *     FAILED_CHECKS in a row   -> its clients get others, and are told so; it is told to bind them no more
 *     a check has succeeded    -> new clients again; after FAILED_CHECKS few at first, as one that has just come
 *
 * Where no server is well, nothing is taken from anybody: the check may be wrong. Each agent checks for itself.
 *
 * Bounded: MAX_MEMBERS checks at once, one for each server.
 *
 * Supported standards: none; after the anycast seed, p. 11.
 */
export class ServiceChecks {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #holder: () => ServiceHolder;
  /** By registrant. */
  readonly #checked = new Map<string, Checked>();
  #asked = 0;

  constructor(config: ServiceConfig, state: NodeState, holder: () => ServiceHolder) {
    this.#config = config;
    this.#state = state;
    this.#holder = holder;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { nextAt } of this.#checked.values()) deadline = sooner(deadline, nextAt);
    return deadline;
  }

  /** Has the last check of a server failed? */
  hasFailed({ registrant }: Member): boolean {
    return (this.#checked.get(registrant)?.failures ?? 0) > 0;
  }

  /** Have so many failed that it has no clients any more? */
  isOut({ registrant }: Member): boolean {
    return this.#checked.get(registrant)?.left === true;
  }

  /** A server is checked now: its clients seem to get no answers. */
  hurry({ registrant }: Member, now: Instant): void {
    const one = this.#checked.get(registrant);
    if (one !== undefined && now < one.nextAt) one.nextAt = now;
  }

  /** What a server is told that registers. */
  telling(registrant: string): MobilityOptionInput[] {
    const one = this.#checked.get(registrant);
    if (one?.left !== true) return [];
    one.told = true;
    return [PROGRAM_FAILS];
  }

  /** What there is to say of a server; undefined: it was not checked yet. */
  viewOf({ registrant }: Member): CheckView | undefined {
    const one = this.#checked.get(registrant);
    if (one?.result === undefined) return undefined;
    const { result, since, failures, left } = one;
    return { result, since, failures, left };
  }

  /** To be given what the holder was given, after it. */
  handle(input: PartInput, now: Instant): Output[] {
    const { check } = this.#config;
    if (check === undefined || this.#state.env.without.has('service-check')) return [];
    const outputs = this.#follow(now);
    if (input.kind === 'checked') outputs.push(...this.#take(input.id, input.result, now));
    return [...outputs, ...this.#ask(now), ...this.#free(now)];
  }

  /** Whoever is registered is checked, and nobody else. */
  #follow(now: Instant): Output[] {
    const outputs: Output[] = [];
    const members = this.#holder().members.all();
    const there = new Set(members.map(({ registrant }) => registrant));
    for (const [registrant, { id }] of this.#checked) {
      if (there.has(registrant)) continue;
      this.#checked.delete(registrant);
      outputs.push(...unforward(id));
    }
    for (const member of members) {
      const known = this.#checked.get(member.registrant);
      if (known !== undefined && sameTunnel(endOf(known.member), endOf(member))) continue;
      const one = known ?? this.#begin(member, now);
      one.member = member;
      outputs.push(...forward(this.#entry(one)));
    }
    return outputs;
  }

  #begin(member: Member, now: Instant): Checked {
    const { registrant } = member;
    const id = `service/${formatAddress(this.#config.service)}/check/${registrant}`;
    const one: Checked = {
      ...{ id, member, port: this.#freePort(FIRST_PORT), nextAt: now, waiting: undefined },
      ...{ result: undefined, since: now, failures: 0, left: false, told: false },
    };
    this.#checked.set(registrant, one);
    return one;
  }

  #freePort(from: number): number {
    const taken = new Set([...this.#checked.values()].map(({ port }) => port));
    for (let i = 0; i < MAX_MEMBERS; i++) {
      const port = FIRST_PORT + ((from - FIRST_PORT + i) % PORTS);
      if (!taken.has(port)) return port;
    }
    return from;
  }

  /** What comes from this port goes to this server. */
  #entry({ id, member, port: sport }: Checked): ForwardingEntry {
    const { address: self, service } = this.#config;
    return {
      ...{ id, owner: 'service', at: 'leaving' },
      match: {
        ...{ src: { address: self }, dst: { address: service } },
        ...{ protocol: PROTOCOL.tcp, sport },
      },
      do: [intoServer(this.#config, member)],
    };
  }

  #ask(now: Instant): Output[] {
    const { address: source, service: destination, check } = this.#config;
    const { every: within, ...asked } = check!;
    const outputs: Output[] = [];
    for (const one of this.#checked.values()) {
      if (now < one.nextAt) continue;
      one.nextAt = after(now, within);
      if (one.waiting !== undefined) continue;
      one.waiting = `${one.id}/${++this.#asked}`;
      const ends = { source, sourcePort: one.port, destination };
      outputs.push({ kind: 'check', id: one.waiting, ...ends, check: asked, within });
    }
    return outputs;
  }

  #take(id: string, result: CheckResult, now: Instant): Output[] {
    const found = [...this.#checked].find(([, { waiting }]) => waiting === id);
    if (found === undefined) return [];
    const [registrant, one] = found;
    one.waiting = undefined;
    if (result !== one.result) one.since = now;
    one.result = result;
    if (result === 'not-made') {
      // Somebody has the port, say.
      one.port = this.#freePort(one.port + 1);
      return [count('service.check_not_made'), ...forward(this.#entry(one))];
    }
    const before = one.failures;
    one.failures = result === 'well' ? 0 : before + 1;
    const home = this.#config.service;
    const about = { home, peer: one.member.address };
    if (result === 'well') {
      one.left = false;
      one.told = false;
      if (before < FAILED_CHECKS) return [];
      this.#holder().members.easeIn(registrant, now);
      return [count('service.member_well'), tell({ kind: 'service.answers', ...about })];
    }
    const failed = count('service.check_failed');
    if (one.failures !== FAILED_CHECKS) {
      const asks = one.left && !one.told;
      return [failed, ...(asks ? askAgain(this.#config.address, one.member.address) : [])];
    }
    const event = tell({ kind: 'service.fails', ...about, reason: result });
    return [failed, count('service.member_failed'), event];
  }

  /** Clients of who failed too often get others, if there is one that is well. */
  #free(now: Instant): Output[] {
    const { clients } = this.#holder();
    const members = this.#holder().members.all();
    if (!members.some((one) => !this.hasFailed(one))) return [];
    return members.flatMap((member) => {
      const one = this.#checked.get(member.registrant)!;
      if (one.failures < FAILED_CHECKS) return [];
      const asks = !one.left;
      one.left = true;
      return [
        ...(clients.given.has(member.registrant) ? this.#holder().lose(member, now) : []),
        ...(asks ? askAgain(this.#config.address, one.member.address) : []),
      ];
    });
  }
}
