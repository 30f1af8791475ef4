/** What must hold at every instant, faults or not: looked at after each instant that tells of anything. */
import type { Binding } from '../../core/binding-cache.ts';
import type { CareofEvent } from '../../core/events.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { type Instant, seconds } from '../../core/time.ts';
import type { SimNode } from '../../sim/index.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import { type Claim, claimsOf, type Inside } from './inside.ts';
import type { Report } from './violation.ts';

/** A registration is under Duplicate Address Detection no longer: RFC 4862 takes 2 s at most. */
const PENDING = seconds(4);
/** What a node keeps of its own addresses, and of each binding, peer and care-of address. */
const ENTRIES = { address: 4, binding: 4, spare: 24 } as const;

export class Safety {
  readonly #inside: Inside;
  readonly #report: Report;
  /** The newest number that a node accepted for a home address, while it has not forgotten. */
  readonly #sequences = new Map<string, number>();
  /** Since when an entry is there without a binding, by node and id. */
  #unbound = new Map<string, Instant>();
  #unboundBefore = new Map<string, Instant>();
  readonly #linger: number;

  /** @param linger how long the last care-of address is still believed, in microseconds. */
  constructor(inside: Inside, linger: number, report: Report) {
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

  /** Looks at all tables. */
  check(): void {
    const defenders = new Map<Address, string>();
    // What is not found again has gone meanwhile.
    this.#unboundBefore = this.#unbound;
    this.#unbound = new Map();
    for (const node of this.#inside.running()) {
      const entries = this.#inside.entriesOf(node);
      this.#checkBound(node, entries);
      this.#checkBindings(node, entries);
      for (const entry of entries) {
        for (const claim of claimsOf(entry)) this.#checkClaim(node, entry, claim, defenders);
      }
    }
  }

  #checkClaim(
    node: SimNode,
    entry: ForwardingEntry,
    claim: Claim,
    defenders: Map<Address, string>,
  ): void {
    const { home, careOf, kind } = claim;
    const { homes } = this.#inside;
    if (kind === 'to-home') {
      const other = defenders.get(home);
      defenders.set(home, node.name);
      if (other !== undefined && other !== node.name) {
        this.#report('two-agents', node.name, `${formatAddress(home)} is defended by ${other} too`);
      }
    }
    const owner = this.#inside.ownerOf(careOf);
    if (owner === undefined || owner !== homes.get(home)) {
      const text = `${entry.id}: ${formatAddress(careOf)} is of ${owner ?? 'nobody'}`;
      this.#report('foreign-care-of', node.name, text);
    }
    this.#checkLive(node, entry, claim);
  }

  /** Is there a live binding behind the entry? */
  #checkLive(node: SimNode, entry: ForwardingEntry, { home, careOf, kind }: Claim): void {
    const { now, bindings } = this.#inside;
    const key = `${node.name} ${entry.id}`;
    const binding = bindings.get(node.name)?.get(home);
    if (isOf(binding, careOf, now)) return;
    const lingers = kind === 'from-peer' || kind === 'from-tunnel';
    // What is still under way from the last care-of address is taken for a while.
    if (lingers && entry.expiresAt !== undefined && entry.expiresAt <= now + this.#linger) return;
    const since = this.#unboundBefore.get(key) ?? now;
    this.#unbound.set(key, since);
    const pending = kind === 'to-home' || kind === 'from-tunnel';
    if (pending && binding === undefined && now < since + PENDING) return;
    const bound = binding === undefined ? 'nothing' : formatAddress(binding.careOf);
    const text = `${entry.id} names ${formatAddress(careOf)}, bound is ${bound}`;
    this.#report('entry-without-binding', node.name, text);
  }

  #checkBindings(node: SimNode, entries: readonly ForwardingEntry[]): void {
    const { now, bindings } = this.#inside;
    const claims = new Set<string>();
    for (const entry of entries) {
      for (const { kind, home, careOf } of claimsOf(entry)) {
        claims.add(`${kind === 'to-home' ? 'home' : kind} ${home}${careOf}`);
      }
    }
    for (const { scope, home, careOf, expiresAt } of bindings.get(node.name)?.all() ?? []) {
      if (expiresAt <= now) continue;
      const wanted = scope === 'home' ? 'home' : 'to-peer';
      if (claims.has(`${wanted} ${home}${careOf}`)) continue;
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
