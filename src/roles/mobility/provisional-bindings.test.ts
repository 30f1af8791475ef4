import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, packet } from '../../../test/by-hand.ts';
import { HOME, homeToken, SELF, tokens, update } from '../../../test/peer-updates.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { addressSetOption } from '../../core/peers/address-set.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';

const SECOND = address('2001:db8:b::100');
const THIRD = address('2001:db8:c::100');
const VICTIM = address('2001:db8:e::9');

const FROM_HOME = 'peer/from/2001:db8:1::100/at/2001:db8:1::100';
const TO_HOME = 'delivery/to/2001:db8:1::100';
const BOUND = 'path/to/2001:db8:1::100';

/** A correspondent whose entries carry what the test says: packets by entry. */
class Peer {
  readonly one: ByHand;
  readonly carried = new Map<string, number>();
  /** Names that it asked for, or addresses. */
  readonly asked: string[] = [];
  names: readonly string[] = [];
  addresses: readonly Address[] = [];
  #now = 1;

  constructor(told: readonly Address[], ...without: Mechanism[]) {
    this.one = new ByHand({ name: 'cn', correspondentNode: { maxBindings: 4 } }, without);
    this.one.feed({ kind: 'start' }, 0).address(SELF, 0);
    const options = [addressSetOption({ addresses: told, parks: false })];
    const proofs = tokens(this.one, HOME, 1);
    this.one.packet(update(proofs, { sequence: 5, atHome: true, lifetime: 0, options }), 1);
    this.#answer();
  }

  /** Lets time pass; what is asked is answered at once. Gives what was sent. */
  until(time: number): string[] {
    const sent: string[] = [];
    for (let due = this.one.role.deadline(); due !== undefined && due <= at(time); ) {
      this.#now = due / 1e6;
      this.one.feed({ kind: 'tick' }, this.#now);
      sent.push(...this.#answer());
      due = this.one.role.deadline();
    }
    this.#now = time;
    return sent;
  }

  /** A packet of that many octets passes an entry, as its counters have it. */
  carry(entry: string, packets = 1): void {
    this.carried.set(entry, (this.carried.get(entry) ?? 0) + packets);
  }

  get boundTo(): string | undefined {
    const [action] = this.one.entries.get(BOUND)?.do ?? [];
    return action !== undefined && 'careOf' in action ? formatAddress(action.careOf) : undefined;
  }

  get credit(): number | undefined {
    return this.one.entries.get(BOUND)?.credit;
  }

  feed(octets: Uint8Array, reason: 'mobility' | 'icmpv6'): void {
    this.one.packet(octets, this.#now, { reason });
    this.#answer();
  }

  #answer(): string[] {
    const sent: string[] = this.one
      .sent()
      .map(({ destination, layers }) => `${layers.at(-1)!.layer} to ${formatAddress(destination)}`);
    for (const output of this.one.outputs) {
      if (output.kind === 'ask') {
        const use = output.entries.map((id) => {
          const packets = this.carried.get(id) ?? 0;
          return { packets, octets: 100 * packets };
        });
        this.one.feed({ kind: 'answer', id: output.id, use }, this.#now);
        sent.push(...this.#answer());
      } else if (output.kind === 'resolve') {
        const { id, question } = output;
        const isName = 'name' in question;
        this.asked.push(isName ? question.name : formatAddress(question.address));
        const found = isName
          ? { addresses: this.addresses, names: [] }
          : { addresses: [], names: this.names };
        this.one.feed({ kind: 'resolved', id, ...found }, this.#now);
        sent.push(...this.#answer());
      }
    }
    return sent;
  }
}

const PROBE = 'echo-request to 2001:db8:1::100';

test('while answers come nothing is asked; where nothing is sent either', () => {
  const peer = new Peer([SECOND]);
  assert.deepEqual(peer.until(5), []);
  for (let time = 5; time < 15; time += 0.5) {
    peer.carry(TO_HOME);
    peer.carry(FROM_HOME);
    assert.deepEqual(peer.until(time), []);
  }
  assert.equal(peer.boundTo, undefined);
});

test('nothing comes for a second, and three questions are not answered: bound to the next', () => {
  const peer = new Peer([SECOND, THIRD]);
  for (let i = 0; i < 10; i++) peer.carry(FROM_HOME);
  peer.until(4.5);
  peer.carry(TO_HOME);
  const sent = peer.until(7.5);
  assert.deepEqual(sent.slice(0, 3), [PROBE, PROBE, PROBE]);
  assert.equal(peer.boundTo, formatAddress(SECOND));
  assert.equal(sent[3], 'echo-request to 2001:db8:b::100', 'with a Type 2 Routing header');
  assert.ok(peer.credit! > 0 && peer.credit! <= 1000, `as much as it had sent: ${peer.credit}`);
  assert.equal(peer.one.role.sizes?.().bindings, 1);
  // It is over after ten seconds, and while packets go out still the next address is tried.
  peer.carry(BOUND);
  peer.until(17.4);
  peer.carry(TO_HOME);
  peer.until(20.5);
  assert.equal(peer.boundTo, formatAddress(THIRD));
  assert.equal(peer.one.counters['mobility.provisional_bound'], 2);
});

/** A peer that is bound provisionally to SECOND at 7.5 s. */
function bound(...without: Mechanism[]): Peer {
  const peer = new Peer([SECOND], ...without);
  peer.carry(FROM_HOME, 50);
  peer.until(4.5);
  peer.carry(TO_HOME);
  peer.until(7.5);
  return peer;
}

test('the node`s own update wins, whatever its number', () => {
  const peer = bound();
  assert.equal(peer.boundTo, formatAddress(SECOND));
  const proofs = tokens(peer.one, THIRD, 7.5);
  peer.feed(update(proofs, { sequence: 6, careOf: THIRD }), 'mobility');
  assert.equal(peer.boundTo, formatAddress(THIRD));
  assert.equal(peer.credit, undefined);
  peer.carry(BOUND);
  peer.until(19);
  assert.equal(peer.boundTo, formatAddress(THIRD), 'it outlives the provisional one');
});

test('a sign of life from the known address ends it', () => {
  const peer = bound();
  peer.carry(FROM_HOME);
  peer.until(8.5);
  assert.equal(peer.boundTo, undefined);
  assert.equal(peer.one.counters['mobility.provisional_ended'], 1);
});

test('an error from where it leads ends it; others do not', () => {
  const peer = bound();
  const quoted = (careOf: Address) =>
    packet(SELF, careOf, [
      { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME },
      { layer: 'udp', sourcePort: 1, destinationPort: 2, payload: new Uint8Array(8) },
    ]);
  const error = (careOf: Address) =>
    packet(careOf, SELF, [
      { layer: 'parameter-problem', code: 0, pointer: 42, invoking: quoted(careOf) },
    ]);
  peer.feed(error(THIRD), 'icmpv6');
  assert.equal(peer.boundTo, formatAddress(SECOND));
  peer.feed(error(SECOND), 'icmpv6');
  assert.equal(peer.boundTo, undefined);
});

test('an error about the known address makes it ask at once, and no more', () => {
  const peer = new Peer([SECOND]);
  peer.until(4.5);
  peer.carry(TO_HOME);
  peer.until(5.2);
  const invoking = packet(SELF, HOME, [
    { layer: 'udp', sourcePort: 1, destinationPort: 2, payload: new Uint8Array(8) },
  ]);
  peer.feed(
    packet(address('2001:db8:9::1'), SELF, [{ layer: 'destination-unreachable', invoking }]),
    'icmpv6',
  );
  assert.deepEqual(peer.until(5.2), [PROBE]);
  peer.carry(FROM_HOME);
  assert.deepEqual(peer.until(9), []);
  assert.equal(peer.boundTo, undefined);
});

test('what its name has is the second source, if the name has the known address too', () => {
  for (const addresses of [[HOME, VICTIM], [VICTIM]]) {
    const peer = new Peer([]);
    peer.names = ['mh.example'];
    peer.addresses = addresses;
    peer.carry(FROM_HOME, 50);
    peer.until(4.5);
    peer.carry(TO_HOME);
    peer.until(7.5);
    assert.deepEqual(peer.asked, [formatAddress(HOME), 'mh.example']);
    const confirmed = addresses.includes(HOME);
    assert.equal(peer.boundTo, confirmed ? formatAddress(VICTIM) : undefined);
    assert.equal(peer.one.counters['mobility.delivery_failed'], confirmed ? undefined : 1);
  }
});

test('a packet from where a node is only guessed to be does not go round', () => {
  const peer = bound();
  const layers = [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    { layer: 'udp', sourcePort: 1, destinationPort: 9, payload: new Uint8Array(8) },
  ] as const;
  peer.one.packet(packet(SECOND, SELF, layers), 7.5, { reason: 'home-address-unverified' });
  assert.deepEqual(peer.one.names(), [], 'it waits for the update');
  assert.equal(peer.one.counters['mobility.early_parked'], 1);
  assert.equal(peer.one.counters['mobility.early_released'], undefined);
});

test('who ends a binding that was only guessed has nothing taken from there', () => {
  const peer = bound();
  const release = { sequence: 6, atHome: true, lifetime: 0 };
  peer.feed(update(tokens(peer.one, HOME, 7.5), release), 'mobility');
  assert.equal(peer.boundTo, undefined);
  assert.ok(!peer.one.entries.has('peer/from/2001:db8:1::100/at/2001:db8:b::100'));
});

test('who is not heard of for long is watched no more, and has no credit', () => {
  const peer = new Peer([SECOND]);
  const sizes = () => {
    const { credits, 'watched-deliveries': watched } = peer.one.role.sizes!();
    return { credits, watched };
  };
  for (let time = 5; time < 400; time += 50) {
    peer.carry(FROM_HOME);
    peer.until(time);
  }
  assert.deepEqual(sizes(), { credits: 1, watched: 1 });
  peer.until(700);
  assert.deepEqual(sizes(), { credits: 0, watched: 0 });
  assert.ok(!peer.one.entries.has(FROM_HOME) && !peer.one.entries.has(TO_HOME));
});

test('many tell of addresses: no more are watched than there is room for, nor have credit', () => {
  const { one } = new Peer([SECOND]);
  const options = [addressSetOption({ addresses: [THIRD], parks: false })];
  const tell = (host: number, time: number) => {
    const home = address(`2001:db8:9::${host.toString(16)}`);
    const token = homeToken(one, time, home);
    const change = { home, sequence: 5, atHome: true, lifetime: 0, options };
    one.packet(update({ home: token, careOf: token }, change), time);
  };
  const sizes = () => {
    const { credits, 'watched-deliveries': watched } = one.role.sizes!();
    return { credits, watched };
  };
  for (let host = 1; host <= 300; host++) tell(host, 2);
  assert.deepEqual(sizes(), { credits: 256, watched: 256 });
  assert.equal(one.counters['mobility.watch_full'], 45);
  tell(301, 13);
  assert.deepEqual(sizes(), { credits: 256, watched: 256 });
  assert.equal(one.counters['mobility.watch_full'], 45, 'one that was idle has made room');
});

test('who has told of no addresses is not watched', () => {
  const peer = bound('provisional-binding');
  assert.equal(peer.boundTo, undefined);
  assert.equal(peer.one.counters['mobility.delivery_probed'], undefined);
});

test('an address that nobody proved gets no more than the node has sent', () => {
  assert.ok(bound().credit! <= 5000);
  assert.equal(bound('care-of-credit').credit, undefined);
});
