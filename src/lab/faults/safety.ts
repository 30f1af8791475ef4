/** What must hold at every instant, faults or not: looked at where anything was told, and everywhere now and then. */
import type { Binding } from '../../core/bindings/binding-cache.ts';
import type { CareofEvent } from '../../core/events.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { after, type Instant, START, seconds } from '../../core/time.ts';
import type { SimNode } from '../../sim/index.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import type { Excuses } from './excuses.ts';
import { type Claim, claimsOf, type Inside } from './inside.ts';
import type { Report } from './violation.ts';

/** A registration is under Duplicate Address Detection no longer: RFC 4862 takes 2 s at most. */
const PENDING = seconds(4);
/** So often all nodes are looked at, told of or not: what has expired may have been forgotten. */
const ROUND = seconds(1);
/** What a node keeps of its own addresses, and of each binding, peer and care-of address. */
const ENTRIES = { address: 4, binding: 4, spare: 24 } as const;

export class Safety {
  readonly #inside: Inside;
  readonly #excuses: Excuses;
  readonly #report: Report;
  /** The newest number that a node accepted for a home address, while it has not forgotten. */
  readonly #sequences = new Map<string, number>();
  /** Since when an entry is there without a binding, by its id, of the nodes that have such. */
  readonly #unbound = new Map<string, Map<string, Instant>>();
  /** The home addresses that each node defended when it was last looked at, and since when. */
  readonly #defended = new Map<string, ReadonlyMap<Address, Instant>>();
  readonly #linger: number;
  #nextRound = START;

  /** @param linger how long the last care-of address is still believed, in microseconds. */
  constructor(inside: Inside, excuses: Excuses, linger: number, report: Report) {
    this.#excuses = excuses;
    this.#inside = inside;
    this.#linger = linger;
    this.#report = report;
  }

  /** Follows what is told. */
  told(node: string, event: CareofEvent): void {
    if (event.kind === 'address.tentative' || event.kind === 'address.ready') {
      this.#inside.own(event.address, node);
    }
    if (event.kind === 'node.crashed') {
      for (const key of this.#sequences.keys()) {
        if (key.startsWith(`${node} `)) this.#sequences.delete(key);
      }
      this.#unbound.delete(node);
      this.#defended.delete(node);
    }
    if (event.kind === 'binding.deleted' || event.kind === 'binding.expired') {
      this.#sequences.delete(`${node} ${event.home}`);
    }
    if (event.kind !== 'binding.accepted' || event.sequence === undefined) return;
    const key = `${node} ${event.home}`;
    const last = this.#sequences.get(key);
    this.#sequences.set(key, event.sequence);
    // RFC 6275 section 9.5.1: newer within half of all numbers.
    const ahead = last === undefined ? 1 : (event.sequence - last) & 0xffff;
    if (ahead === 0 || ahead > 0x7fff) {
      const text = `${formatAddress(event.home)}: ${event.sequence} came after ${last}`;
      this.#report('sequence-back', node, text);
    }
  }

  /** Looks at the tables of these nodes, of those that owe something, and of all once in a while. */
  check(told: ReadonlySet<string>): void {
    const { now } = this.#inside;
    const round = now >= this.#nextRound;
    if (round) this.#nextRound = after(now, ROUND);
    for (const node of this.#inside.running()) {
      if (round || told.has(node.name) || this.#unbound.has(node.name)) this.#checkNode(node);
    }
  }

  #checkNode(node: SimNode): void {
    const entries = this.#inside.entriesOf(node);
    const claims = entries.flatMap(claimsOf);
    this.#checkBound(node, entries);
    this.#checkBindings(node, claims);
    this.#checkDefended(node);
    // What is not found again has gone meanwhile.
    const before = this.#unbound.get(node.name);
    this.#unbound.delete(node.name);
    for (const claim of claims) {
      this.#checkOwner(node, claim);
      this.#checkLive(node, claim, before);
    }
  }

  /** While Duplicate Address Detection goes on there may be a tunnel, but nothing is defended yet. */
  #checkDefended({ name }: SimNode): void {
    const { now, bindings, homes } = this.#inside;
    const before = this.#defended.get(name);
    const defended = new Map<Address, Instant>();
    for (const { scope, home, expiresAt } of bindings.get(name)?.all() ?? []) {
      if (scope === 'home' && expiresAt > now) defended.set(home, before?.get(home) ?? now);
    }
    this.#defended.set(name, defended);
    for (const [home, since] of defended) {
      for (const [other, ofOther] of this.#defended) {
        const sinceOther = ofOther.get(home);
        if (other === name || sinceOther === undefined) continue;
        const second = Math.max(since, sinceOther) as Instant;
        if (this.#excuses.twice(homes.get(home)!, second, now)) continue;
        this.#report('two-agents', name, `${formatAddress(home)} is defended by ${other} too`);
      }
    }
  }

  #checkOwner(node: SimNode, { entry, home, careOf }: Claim): void {
    const owner = this.#inside.ownerOf(careOf);
    if (owner === undefined || owner !== this.#inside.ownerOf(home)) {
      const text = `${entry.id}: ${formatAddress(careOf)} is of ${owner ?? 'nobody'}`;
      this.#report('foreign-care-of', node.name, text);
    }
  }

  /** Is there a live binding behind the entry? */
  #checkLive(
    node: SimNode,
    { entry, home, careOf, kind }: Claim,
    before: ReadonlyMap<string, Instant> | undefined,
  ): void {
    const { now, bindings } = this.#inside;
    const binding = bindings.get(node.name)?.get(home);
    if (isOf(binding, careOf, now)) return;
    const lingers = kind === 'from-peer' || kind === 'from-tunnel';
    // What is still under way from the last care-of address is taken for a while.
    if (lingers && entry.expiresAt !== undefined && entry.expiresAt <= now + this.#linger) return;
    const since = before?.get(entry.id) ?? now;
    const unbound = this.#unbound.get(node.name) ?? new Map();
    this.#unbound.set(node.name, unbound.set(entry.id, since));
    const pending = kind === 'to-home' || kind === 'from-tunnel';
    if (pending && binding === undefined && now < since + PENDING) return;
    const bound = binding === undefined ? 'nothing' : formatAddress(binding.careOf);
    const text = `${entry.id} names ${formatAddress(careOf)}, bound is ${bound}`;
    this.#report('entry-without-binding', node.name, text);
  }

  #checkBindings(node: SimNode, claims: readonly Claim[]): void {
    const { now, bindings } = this.#inside;
    for (const { scope, home, careOf, expiresAt } of bindings.get(node.name)?.all() ?? []) {
      if (expiresAt <= now) continue;
      const wanted = scope === 'home' ? 'to-home' : 'to-peer';
      const isWanted = (one: Claim) =>
        one.kind === wanted && one.home === home && one.careOf === careOf;
      if (claims.some(isWanted)) continue;
      const text = `${formatAddress(home)} at ${formatAddress(careOf)} is carried by no entry`;
      this.#report('binding-without-entry', node.name, text);
    }
  }

  #checkBound(node: SimNode, entries: readonly ForwardingEntry[]): void {
    const { bindings, homes, world } = this.#inside;
    const { address, binding, spare } = ENTRIES;
    let addresses = 0;
    for (const one of node.kernel.interfaces.values()) addresses += one.addresses.size;
    const bound = bindings.get(node.name)?.size ?? 0;
    const others = homes.size + world.plan.nodes.length;
    const most = address * addresses + binding * (bound + others) + spare;
    if (entries.length <= most) return;
    this.#report('table-bound', node.name, `${entries.length} entries, ${most} at most`);
  }
}

const isOf = (binding: Binding | undefined, careOf: Address, now: Instant): boolean =>
  binding !== undefined && binding.careOf === careOf && binding.expiresAt >= now;
