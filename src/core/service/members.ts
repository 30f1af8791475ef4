import type { Address } from '../../wire/address.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';
import type { Binding } from '../bindings/binding-cache.ts';
import {
  fromTunnelEntry,
  fromTunnelId,
  sameTunnel,
  toHomeEntry,
  toHomeId,
} from '../bindings/home-agent-entries.ts';
import { answer, type BindingUpdate, type Judgement } from '../bindings/judged-update.ts';
import type { ServiceConfig } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, type Received, tell, unforward } from '../part.ts';
import type { Output } from '../role.ts';
import { timestampOf } from '../signalling/home-authentication.ts';
import { senderOf } from '../signalling/udp-signalling.ts';
import { after, type Instant, seconds } from '../time.ts';
import {
  type Member,
  type MemberRecord,
  type MembershipChange,
  saidIn,
  type Told,
} from './member.ts';
import { MemberProofs } from './member-proofs.ts';
import { holderEnd } from './over-ipv4.ts';
import { addressesOf, ipv4ServiceAnswers } from './service-addresses.ts';

/** Servers that one service address may have. */
export const MAX_MEMBERS = 64;

/** A server that its own holder does not tell of any more, though it is there, is looked at so often. */
const OVERDUE = seconds(1);

type Tunnelled = Pick<Binding, 'home' | 'registrant' | 'careOf' | 'udp'>;
type Telling = (registrant: string) => readonly MobilityOptionInput[];
type Accepted = Pick<Binding, 'home' | 'careOf' | 'udp' | 'sequence' | 'lifetime' | 'expiresAt'>;

/**
 * The servers of a service address: each registers as a mobile node does with its home agent, and the
 * holder of the address keeps a binding for each.
 *
 * No Duplicate Address Detection: the address is meant to be shared. Bounded by the binding cache.
 *
 * Supported standards: RFC 6275 sections 9.5.1, 10.3; RFC 4285; after RFC 5648 for several bindings.
 */
export class Members {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #telling: Telling;
  readonly #proofs: MemberProofs;
  /** By registrant. */
  readonly #told = new Map<string, Told>();
  /** Of the last word of each, as `MemberRecord` has it. */
  readonly #versions = new Map<string, bigint>();
  /** Servers of other holders, which tell of them no longer. */
  readonly #overdue = new Set<string>();
  /** Those of them that their holder found silent. */
  readonly #doubted = new Set<string>();
  /** Servers that were removed here, and took no leave. */
  readonly #silent = new Set<string>();
  /** Those of which there is a new word that came here first. */
  #changed = new Set<string>();

  /** @param telling what a server is told with the answer to its registration. */
  constructor(config: ServiceConfig, state: NodeState, telling: Telling = () => []) {
    this.#telling = telling;
    this.#config = config;
    this.#state = state;
    this.#proofs = new MemberProofs(config, state);
  }

  /** What is older than this may be a replay of what an earlier holder took. */
  begin(now: Instant): void {
    this.#proofs.begin(now);
  }

  /** Those that are registered, in the order of their names. */
  all(): Member[] {
    const { service } = this.#config;
    return [...this.#state.bindings.all()]
      .filter(({ home, scope }) => home === service && scope === 'home')
      .map((binding) => this.#memberOf(binding))
      .sort((a, b) => (a.registrant < b.registrant ? -1 : 1));
  }

  deadline(): Instant | undefined {
    return this.#state.bindings.deadline('home');
  }

  update(received: Received, update: BindingUpdate, now: Instant): MembershipChange {
    const { judged, registrant, outputs } = this.#proofs.judge(received, update, now);
    outputs.unshift(count('mobility.bu_received'));
    if (judged === undefined) return { outputs };
    if (judged.status >= 128) {
      outputs.push(count('mobility.bu_refused'), ...answer(judged, 'home'));
      return { outputs };
    }
    const { proof } = judged;
    const options = [
      ...this.#telling(registrant),
      ...ipv4ServiceAnswers(update.options, this.#config),
      ...proof.options,
    ];
    const answered = answer({ ...judged, proof: { ...proof, options } }, 'home');
    outputs.push(count('mobility.bu_accepted'), ...answered);
    this.#changedTo(registrant, timestampOf(update) ?? 0n);
    if (judged.lifetime > 0) {
      const known = this.#state.bindings.get(judged.home, registrant) !== undefined;
      const since = known ? this.#told.get(registrant)?.since : now;
      this.#told.set(registrant, {
        ...saidIn(update, this.#config),
        ...(since !== undefined && { since }),
      });
      const expiresAt = after(now, judged.lifetime);
      const udp = senderOf(received.tunnel);
      const accepted = { ...judged, ...(udp && { udp }), expiresAt };
      return this.#accept(accepted, registrant, outputs);
    }
    this.#silent.delete(registrant);
    const { outputs: gone, left } = this.#delete(registrant);
    return { outputs: [...outputs, ...gone], ...(left && { left }) };
  }

  /** Servers whose last word came here, and not to another holder: once each time. */
  takeChanged(): readonly string[] {
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }

  /** Is it for this holder to see whether a server is there? */
  isWatched({ registrant, by }: Member): boolean {
    return by === undefined || this.#overdue.has(registrant);
  }

  /** Is it missed by another holder, and was not heard since? */
  isDoubted({ registrant }: Member): boolean {
    return this.#doubted.has(registrant);
  }

  /** Those of which there ever was a word. */
  known(): IterableIterator<string> {
    return this.#versions.keys();
  }

  /** A server is as good as one that has just come. */
  easeIn(registrant: string, now: Instant): void {
    this.#told.set(registrant, { ...this.#told.get(registrant), since: now });
  }

  /** What other holders are to know of a server; undefined where nothing is known of it. */
  record(registrant: string): MemberRecord | undefined {
    const version = this.#versions.get(registrant);
    if (version === undefined) return undefined;
    const { by = this.#config.address, ...told } = this.#told.get(registrant) ?? {};
    const binding = this.#state.bindings.get(this.#config.service, registrant);
    if (binding === undefined) {
      return { registrant, version, by, ...(this.#silent.has(registrant) && { silent: true }) };
    }
    const { careOf: address, udp, sequence, lifetime, expiresAt } = binding;
    const there = { ...told, address, ...(udp && { udp }), sequence, lifetime, expiresAt };
    return { registrant, version, by, there };
  }

  /** Another holder tells of a server; undefined: it is nothing new. */
  adopt(
    { registrant, version, by, silent, there }: MemberRecord,
    now: Instant,
  ): MembershipChange | undefined {
    const unreachable = there?.udp !== undefined && this.#config.address4 === undefined;
    if (unreachable || !this.#proofs.has(registrant)) {
      return { outputs: [count('service.shared_unknown')] };
    }
    const before = this.record(registrant);
    const older = before !== undefined && version < before.version;
    if (older && !this.#state.env.without.has('shared-versions')) {
      // Our own, on its way back while there is another already.
      if (by === this.#config.address) return undefined;
      return { outputs: [count('service.shared_old')] };
    }
    if (version === before?.version && by === before.by) return undefined;
    this.#versions.set(registrant, version);
    this.#changed.delete(registrant);
    // What was proved to one of them is a replay at all.
    this.#proofs.took(registrant, version);
    const elsewhere = by !== this.#config.address && { by };
    if (silent === true && before?.there !== undefined && this.#looksAgain) {
      this.#told.set(registrant, { ...this.#told.get(registrant), ...elsewhere });
      this.#overdue.add(registrant);
      this.#doubted.add(registrant);
      return { outputs: [count('service.member_doubted')] };
    }
    if (there === undefined || there.expiresAt <= now) {
      this.#told.set(registrant, { ...elsewhere });
      return this.#delete(registrant);
    }
    const { address: careOf, udp, sequence, lifetime, expiresAt, ...told } = there;
    this.#told.set(registrant, { ...told, ...elsewhere });
    const ends = { home: this.#config.service, careOf, ...(udp && { udp }) };
    const binding = { ...ends, sequence, lifetime, expiresAt };
    return this.#accept(binding, registrant, [count('service.shared_taken')]);
  }

  /** The number of the update by which a server is registered; -1 where it is not. */
  numberOf(registrant: string): number {
    return this.#state.bindings.get(this.#config.service, registrant)?.sequence ?? -1;
  }

  /** A server is there no more. */
  remove(registrant: string): MembershipChange {
    const version = this.#versions.get(registrant);
    const own = this.#told.get(registrant)?.by === undefined;
    if (own && version !== undefined) this.#changedTo(registrant, version + 1n);
    this.#silent.add(registrant);
    return this.#delete(registrant);
  }

  #delete(registrant: string): MembershipChange {
    const gone = this.#state.bindings.delete(this.#config.service, registrant);
    if (gone === undefined) return { outputs: [] };
    return { outputs: this.#forget(gone, 'deleted'), left: this.#memberOf(gone) };
  }

  /**
   * A message between two servers: is it from the one, and new? It makes no binding here, and its answer
   * is the caller's. `judged` is absent where it gets none.
   */
  check(received: Received, update: BindingUpdate, now: Instant): Judgement {
    const { judged, outputs } = this.#proofs.judge(received, update, now);
    return { outputs, ...(judged && { judged }) };
  }

  /**
   * Those whose lifetime is over: servers that died, or cannot be heard.
   *
   * @param stays one that is known by another holder is there still, and is looked at again a second later.
   */
  expire(
    now: Instant,
    stays: (member: Member) => boolean = () => false,
  ): { readonly outputs: Output[]; readonly left: readonly Member[] } {
    const { bindings } = this.#state;
    const outputs: Output[] = [];
    const left: Member[] = [];
    for (const binding of bindings.expire('home', now)) {
      const member = this.#memberOf(binding);
      if (member.by !== undefined && stays(member)) {
        const expiresAt = after(now, OVERDUE);
        bindings.set({ ...binding, expiresAt });
        this.#overdue.add(binding.registrant);
        outputs.push(...this.#fromTunnel({ ...binding, expiresAt }));
        continue;
      }
      const version = this.#versions.get(binding.registrant);
      if (member.by === undefined && version !== undefined) {
        this.#changedTo(binding.registrant, version + 1n);
        this.#silent.add(binding.registrant);
      }
      outputs.push(...this.#forget(binding, 'expired'));
      left.push(member);
    }
    return { outputs, left };
  }

  get #looksAgain(): boolean {
    return !this.#state.env.without.has('second-look');
  }

  #changedTo(registrant: string, version: bigint): void {
    if (!this.#proofs.has(registrant)) return;
    this.#versions.set(registrant, version);
    this.#changed.add(registrant);
  }

  /** Another holds the address now, and they register there. */
  forgetAll(): Output[] {
    return this.all().flatMap(({ registrant }) => {
      const gone = this.#state.bindings.delete(this.#config.service, registrant);
      return gone === undefined ? [] : this.#forget(gone, 'deleted');
    });
  }

  #accept(
    { home, careOf, udp, sequence, lifetime, expiresAt }: Accepted,
    registrant: string,
    outputs: Output[],
  ): MembershipChange {
    const { bindings } = this.#state;
    const before = bindings.get(home, registrant);
    this.#overdue.delete(registrant);
    this.#doubted.delete(registrant);
    this.#silent.delete(registrant);
    const scope = 'home';
    const ends = { scope, home, registrant, bindingId: 0, careOf, ...(udp && { udp }) } as const;
    const binding = { ...ends, sequence, lifetime, expiresAt };
    bindings.set(binding);
    const moved = before !== undefined && !sameTunnel(before, binding);
    outputs.push(
      ...(moved ? this.#notFromTunnel(before) : []),
      ...this.#fromTunnel(binding),
      tell({
        ...{ kind: 'binding.accepted', scope, home, registrant, careof: careOf, sequence },
        lifetime_s: lifetime / seconds(1),
      }),
    );
    return { outputs, joined: this.#memberOf(binding) };
  }

  /** What it does not send to clients straight comes back through the tunnel. */
  #fromTunnel(binding: Tunnelled & Pick<Binding, 'expiresAt'>): Output[] {
    const { expiresAt } = binding;
    const { without } = this.#state.env;
    const self = holderEnd(this.#config, binding);
    return [
      ...this.#inside(binding).flatMap((one) =>
        forward(fromTunnelEntry(self, one, binding, expiresAt, without)),
      ),
      // What is for the server itself has no other way.
      ...(binding.udp ? forward(toHomeEntry(self, binding.careOf, binding, expiresAt)) : []),
    ];
  }

  #notFromTunnel(binding: Tunnelled): Output[] {
    const from = this.#inside(binding).map((one) => fromTunnelId(one, binding));
    return unforward(...from, ...(binding.udp ? [toHomeId(binding.careOf)] : []));
  }

  /** What a server sends through its tunnel comes from these. */
  #inside({ home, careOf, udp }: Tunnelled): Address[] {
    const homes = home === this.#config.service ? addressesOf(this.#config) : [home];
    return udp === undefined ? homes : [...homes, careOf];
  }

  #memberOf({ registrant, careOf: address, udp }: Tunnelled): Member {
    return { registrant, address, ...(udp && { udp }), ...this.#told.get(registrant) };
  }

  #forget(binding: Binding, how: 'expired' | 'deleted'): Output[] {
    this.#overdue.delete(binding.registrant);
    this.#doubted.delete(binding.registrant);
    const { scope, home, registrant, careOf: careof } = binding;
    return [
      ...this.#notFromTunnel(binding),
      tell({ kind: `binding.${how}`, scope, home, registrant, careof }),
    ];
  }
}
