/** Judges a packet of the mobile node by a check's conditions; an unknown one is never met silently. */
import { verifyBindingAuthorization } from '../../src/core/security/return-routability.ts';
import { between, type Duration, type Instant, seconds } from '../../src/core/time.ts';
import { nodeCryptography as crypto } from '../../src/lab/crypto.ts';
import { type Address, formatAddress, isLinkLocal } from '../../src/wire/address.ts';
import type { Layer, LayerOf } from '../../src/wire/packet.ts';
import { walkHeaders } from '../../src/wire/walk.ts';
import { layerIn, type Seen, UNDER_TEST } from './bench.ts';
import { demand } from './conditions.ts';
import { type Condition, NotRun } from './items.ts';
import { HOME, HOME_AGENT, LINK_LOCAL, named, ROUTERS } from './mobile-node-addresses.ts';
import { homeOption, innermost, type Memory } from './mobile-node-memory.ts';
import type { Ends } from './mobile-node-plan.ts';

export interface Judging {
  readonly seen: Seen;
  readonly ends: Ends;
  readonly memory: Memory;
  /** The last packet that the tester sent, without its tunnel. */
  readonly lastSent: Uint8Array | undefined;
  /** Where the steps send from and to, by their numbers. */
  readonly endsOfStep: (n: number) => Ends;
  /** Did the packet have to come before a moment, and has it? */
  readonly inTime: boolean;
  /** What can be judged at the item's end only. */
  readonly later: (what: 'timer' | 'doubled' | 'until maximum' | 'silence', about: string) => void;
}

/** What "this option" is about. */
type Subject = 'home option' | 'routing' | 'authenticator' | 'alternate' | 'nothing';
interface State {
  subject: Subject;
  /** What is said of an option that need not be there. */
  skip: boolean;
}

/** Throws `Failed` where a condition is not met, `NotRun` where it is not known. */
export function meetAll(conditions: readonly Condition[], judging: Judging): void {
  const state: State = { subject: 'nothing', skip: false };
  for (const condition of conditions) {
    const said = sayingOf(condition);
    const found = SAYINGS.find(([pattern]) => pattern.test(said));
    if (found === undefined) throw new NotRun(`the condition: ${said}`);
    if (!state.skip || said.startsWith('If ') || !isOfOption(said)) {
      found[1](judging, found[0].exec(said)!, state);
    }
  }
}

const isOfOption = (said: string): boolean => /^This option |^HoA = HoA$/.test(said);

function sayingOf(condition: Condition): string {
  if (condition.note !== undefined) return String(condition.note);
  if (condition.auth_valid === true) return 'the authenticator is right';
  if (condition.dst !== undefined) return `dst ${String(condition.dst)}`;
  if (condition.field !== undefined) return `field ${condition.field} is ${condition.eq}`;
  return JSON.stringify(condition);
}

function same(is: unknown, must: unknown, what: string): void {
  const show = (value: unknown) =>
    typeof value === 'string' && value.length === 16
      ? formatAddress(value as Address)
      : String(value);
  demand(is === must, `${what} is ${show(is)}; it must be ${show(must)}`);
}

function update({ seen }: Judging): LayerOf<'binding-update'> {
  const layer = layerIn(seen, 'binding-update');
  demand(layer !== undefined, 'it is no Binding Update');
  return layer!;
}

const option = (judging: Judging, name: string) =>
  update(judging).options.find((one) => one.option === name) as
    | Readonly<Record<string, unknown>>
    | undefined;

const outer = ({ seen }: Judging) => {
  const [first, second] = seen.layers;
  demand(first?.layer === 'ipv6' && second?.layer === 'ipv6', 'it is in no tunnel');
  return first as LayerOf<'ipv6'>;
};
const inner = ({ seen }: Judging) => innermost(seen);
/** The care-of address of the step. */
const careOf = ({ ends }: Judging): Address => named(ends.outer?.source ?? ends.source);
const routing = ({ seen }: Judging) => layerIn(seen, 'routing-type-2');

/** A lifetime of the update in hand. */
const lifetime = (judging: Judging): Duration => seconds(update(judging).lifetime * 4);

function notLonger(judging: Judging, until: Instant | undefined, what: string): void {
  if (until === undefined) throw new NotRun(`how long ${what} lives is not known`);
  const left = between(judging.seen.at, until);
  demand(lifetime(judging) <= left, `it outlives ${what}`);
}

/** Numbers of updates go round. */
const newer = (a: number, b: number): boolean => ((a - b) & 0xffff) < 0x8000 && a !== b;

function sequenceGrows(judging: Judging, step?: number): void {
  const before = judging.memory.lastTo('BU', inner(judging).destination, step);
  if (before === undefined) throw new NotRun('there is no update before');
  const old = layerIn(before, 'binding-update')!.sequence;
  const { sequence } = update(judging);
  demand(newer(sequence, old), `number ${sequence} follows number ${old}`);
}

function nonceIs(judging: Judging, kind: 'HoT' | 'CoT', step?: number): void {
  const peer = inner(judging).destination;
  const answers = judging.memory.answers.filter(
    (one) => one.kind === kind && one.peer === peer && one.asked,
  );
  const answer = step === undefined ? answers.at(-1) : answers.find((one) => one.step === step);
  if (answer === undefined) throw new NotRun(`no ${kind} to compare with`);
  const indices = option(judging, 'nonce-indices');
  const index = kind === 'HoT' ? indices?.homeNonceIndex : indices?.careOfNonceIndex;
  same(index, answer.index, 'the nonce index');
}

function newCookie(judging: Judging, kind: 'HoTI' | 'CoTI'): void {
  const cookieOf = (seen: Seen) =>
    layerIn(seen, 'home-test-init')?.homeInitCookie ??
    layerIn(seen, 'care-of-test-init')?.careOfInitCookie;
  const before = judging.memory.lastTo(kind, inner(judging).destination);
  if (before === undefined) throw new NotRun(`there is no ${kind} before`);
  demand(String(cookieOf(before)) !== String(cookieOf(judging.seen)), 'the cookie is the old one');
}

/** Does an option stand where its RFC says (RFC 6275 sections 6.2.7, 6.3 and 6.4.1)? */
function placed(judging: Judging, { subject }: State): void {
  const names = judging.seen.layers.map(({ layer }) => layer);
  const at = names.lastIndexOf('ipv6');
  const chain = names.slice(at + 1);
  switch (subject) {
    case 'home option':
      same(chain[chain[0] === 'routing-type-2' ? 1 : 0], 'destination-options', 'the first header');
      break;
    case 'routing':
      same(chain[0], 'routing-type-2', 'the first header');
      break;
    case 'authenticator':
      same(update(judging).options.at(-1)?.option, 'binding-authorization-data', 'the last option');
      break;
    default:
      throw new NotRun(`where an option of kind ${subject} stands`);
  }
}

function pointsAt(judging: Judging, offset: number): void {
  const problem = layerIn(judging.seen, 'parameter-problem');
  const { lastSent } = judging;
  if (lastSent === undefined) throw new NotRun('nothing was sent');
  const { invoking = new Uint8Array(), pointer } = problem ?? {};
  const quoted = invoking.length >= 40 && invoking.every((octet, i) => octet === lastSent[i]);
  demand(quoted, 'it does not quote what was sent');
  same(pointer, walkHeaders(lastSent)!.upperAt + offset, 'the pointer');
}

type Meets = (judging: Judging, match: string[], state: State) => void;
const SAYINGS: readonly [RegExp, Meets][] = [
  // Binding Updates.
  [/^AcknowledgeA flag = ON(?:\(1\))?$/, (j) => same(update(j).acknowledge, true, 'A')],
  [/^Home RegistrationH flag = ON$/, (j) => same(update(j).homeRegistration, true, 'H')],
  [
    /^home registrationH flag is cleared$|^Home RegistrationH flag is set not to ON$/,
    (j) => same(update(j).homeRegistration, false, 'H'),
  ],
  [
    /^Key Management Mobility Capabili\w+ flag (?:= OFF|is cleared)$/,
    (j) => same(update(j).keyManagementMobilityCapability, false, 'K'),
  ],
  [
    /^Link-Local Address CompatibilityL flag is set up normally$/,
    (j) => {
      const alike = HOME.slice(8) === LINK_LOCAL.slice(8);
      same(update(j).linkLocalAddressCompatibility, alike, 'L');
    },
  ],
  [
    /^[Rr]eserved is cleared$/,
    ({ seen }) => {
      const message = seen.layers.at(-1) as Layer & { readonly reserved?: number };
      same(message.reserved, 0, 'the reserved field');
    },
  ],
  [/^Check whether Lifetime fills all of following$/, () => {}],
  [/^Lifetime (?:is cleared|= zero)$/, (j) => same(update(j).lifetime, 0, 'the lifetime')],
  [
    /^Lifetime is set less than MAX_RR_BINDING_LIFE\(420seconds\)$/,
    (j) => demand(lifetime(j) <= seconds(420), 'the lifetime is too long'),
  ],
  [
    /^Lifetime is set less than remaining lifetime of home registration$/,
    (j) => notLonger(j, j.memory.grantedUntil.get(HOME_AGENT), 'the home registration'),
  ],
  [
    /^Lifetime is set less than remaining lifetime of CoA$/,
    (j) => notLonger(j, j.memory.validUntil.get(j.ends.source.slice(-1)), 'the care-of address'),
  ],
  [
    /^Lifetime is set less than remaining lifetime of HoA$/,
    (j) => notLonger(j, j.memory.validUntil.get('0'), 'the home address'),
  ],
  [
    /^Lifetime is set less than Valid (?:and Preferred )?Lifetime in (?:solicited )?MPA ?\[\d\]$/,
    (j) => notLonger(j, j.memory.validUntil.get('0'), 'the home address'),
  ],
  [
    /^seq value greater than that used$|^seq is set more than that in previous BU$/,
    (j) => sequenceGrows(j),
  ],
  [
    /^seq is set more than seq in previous BU\[(\d)\]$/,
    (j, [, step]) => sequenceGrows(j, Number(step)),
  ],
  // Two lines of one sentence.
  [/^seq = following value of$/, () => {}],
  [
    /^seq of BA$/,
    (j) => {
      const answer = j.lastSent && layerInOctets(j.lastSent);
      same(update(j).sequence, ((answer ?? -2) + 1) & 0xffff, 'the number');
    },
  ],
  [/^seq = minimum value$/, (j) => same(update(j).sequence, 0, 'the number')],
  [/^nonce option present, and$/, (j) => demand(option(j, 'nonce-indices') !== undefined, 'no nonce indices')],
  [/^nonce option absent$/, (j) => same(option(j, 'nonce-indices'), undefined, 'the nonce indices')],
  [
    /^auth data mobility option absent$/,
    (j) => same(option(j, 'binding-authorization-data'), undefined, 'the authenticator'),
  ],
  [
    /^auth option present, and$/,
    (j, _, state) => {
      state.subject = 'authenticator';
      demand(option(j, 'binding-authorization-data') !== undefined, 'no authenticator');
    },
  ],
  [
    /^the authenticator is right$/,
    (j) => {
      const key = j.memory.keyOf(j.seen);
      const { source, destination } = inner(j);
      const ends = { careOf: source, correspondent: destination };
      const right = key !== undefined && verifyBindingAuthorization(crypto, j.seen.octets, key, ends);
      demand(right, 'the authenticator is wrong');
    },
  ],
  [/^Home Nonce Index (?:is equal to value in HoT message|= latest HoT)$/, (j) => nonceIs(j, 'HoT')],
  [/^Care-of Nonce Index (?:is equal to value in CoT message|= latest CoT)$/, (j) => nonceIs(j, 'CoT')],
  [/^Home Nonce Index = HoT \[(\d)\]$/, (j, [, n]) => nonceIs(j, 'HoT', Number(n))],
  [/^Care-of Nonce Index is set form CoT \[(\d)\]$/, (j, [, n]) => nonceIs(j, 'CoT', Number(n))],
  [
    /^AltCoA option present(?:, and)?$/,
    (j, _, state) => {
      state.subject = 'alternate';
      demand(option(j, 'alternate-care-of-address') !== undefined, 'no alternate address');
    },
  ],
  [
    /^CoA = CoA$|^AltCoA option = a CoA$/,
    (j) => same(option(j, 'alternate-care-of-address')?.careOfAddress, careOf(j), 'the address'),
  ],
  [
    /^Either src or AltCoA option = CoA$/,
    (j) => {
      const alternate = option(j, 'alternate-care-of-address')?.careOfAddress;
      same(alternate ?? inner(j).source, careOf(j), 'the address');
    },
  ],
  // Extension headers.
  [
    /^HAO present(?:, and)?$/,
    ({ seen }, _, state) => {
      state.subject = 'home option';
      demand(homeOption(seen) !== undefined, 'no Home Address option');
    },
  ],
  [
    /^If HAO present$/,
    ({ seen }, _, state) => {
      state.subject = 'home option';
      state.skip = homeOption(seen) === undefined;
    },
  ],
  [/^HAO absent$/, ({ seen }) => same(homeOption(seen), undefined, 'the Home Address option')],
  [
    /^RH2 present, and$/,
    (j, _, state) => {
      state.subject = 'routing';
      demand(routing(j) !== undefined, 'no Routing header');
    },
  ],
  [/^RH2 absent$/, (j) => same(routing(j), undefined, 'the Routing header')],
  [/^This option is placed as right location$/, (j, _, state) => placed(j, state)],
  [
    /^HoA = HoA(?: of Mobile Node)?$|^This option = HoA\(.*\)$|^HAO = a static address$/,
    ({ seen }) => same(homeOption(seen), HOME, 'the home address'),
  ],
  [
    /^HoA = HoA of Correspondent Node$/,
    (j) => same(routing(j)?.homeAddress, named('CN0'), 'the home address'),
  ],
  // Addresses.
  [
    /^src(?:\(outer\))? = (?:primary )?(?:CoA|Care-of address)$|^source address = a CoA$/,
    (j, [said]) =>
      same((/outer/.test(said!) ? outer(j) : inner(j)).source, careOf(j), 'the source'),
  ],
  [/^dst\(outer\) = HA address$/, (j) => same(outer(j).destination, HOME_AGENT, 'the tunnel')],
  [/^src(?:\(inner\))? = HoA$/, (j) => same(inner(j).source, HOME, 'the source')],
  [/^src is not set to HoA$/, (j) => demand(inner(j).source !== HOME, 'it comes from home')],
  [
    /^dst(?:\(inner\))? (?:=|is) CN address$/,
    (j) => same(inner(j).destination, named('CN0'), 'the destination'),
  ],
  [
    /^(?:dst|destination address) = (?:HA|HA0|HA1) address(?: of DHAAD-reply\[3\])?$/,
    (j, [said]) => {
      const agent = /HA1/.test(said!) ? 'HA1' : 'HA0';
      same(inner(j).destination, named(agent), 'the destination');
    },
  ],
  [
    /^destination address = a home Agents anycast address$/,
    (j) => same(inner(j).destination, named('NUT0_ha_any'), 'the destination'),
  ],
  [
    /^(src|dst)(?:\(inner\))? = (src|dst)(?:\(inner\))?(?: packet)? of \w+ ?\[(\d+)(?: and \d+)?\](?:\(=.*\))?$/,
    (j, [, which, of, step]) => {
      const ends = j.endsOfStep(Number(step));
      const must = named(of === 'src' ? ends.source : ends.destination);
      same(which === 'src' ? inner(j).source : inner(j).destination, must, `the ${which}`);
    },
  ],
  // The packet of that step names its sender's home address.
  [
    /^dst\(inner\) = HoA of EchoRequest\[\d+\]$/,
    (j) => same(inner(j).destination, named('CN0'), 'the destination'),
  ],
  [
    /^dst =Care-of address of Correspondent Node$/,
    (j) => same(inner(j).destination, named('CN0Y'), 'the destination'),
  ],
  [
    /^dst =Home address of Correspondent Node$/,
    (j) => same(inner(j).destination, named('CN0'), 'the destination'),
  ],
  // Answers and errors.
  [
    /^status = (\d+)$/,
    ({ seen }, [, status]) =>
      same(layerIn(seen, 'binding-acknowledgement')?.status, Number(status), 'the status'),
  ],
  [
    /^Status set to (\d+) \(.*\)$|^field status is (\d+)$/,
    ({ seen }, [, a, b]) =>
      same(layerIn(seen, 'binding-error')?.status, Number(a ?? b), 'the status'),
  ],
  [
    /^HoA = unspecified address$/,
    ({ seen }) => same(layerIn(seen, 'binding-error')?.homeAddress, '\0'.repeat(16), 'the address'),
  ],
  [
    /^HoA of BE = HomeAddress destination option of EchoRequest\[\d+\]$/,
    ({ seen }) => same(layerIn(seen, 'binding-error')?.homeAddress, named('CN0'), 'the address'),
  ],
  // The packet was parsed, so its checksum was right.
  [/^checksum has valid value$/, () => {}],
  [
    /^field type is 4$/,
    ({ seen }) => demand(layerIn(seen, 'parameter-problem') !== undefined, 'another type'),
  ],
  [
    /^field code is (\d)$/,
    ({ seen }, [, code]) =>
      same(layerIn(seen, 'parameter-problem')?.code, Number(code), 'the code'),
  ],
  [/^Pointer point at Payload Proto$/, (j) => pointsAt(j, 0)],
  [/^Pointer point at Header Len$/, (j) => pointsAt(j, 1)],
  // Neighbor Discovery.
  [
    /^target address is a link-local address$/,
    (j) => demand(isLinkLocal(targetOf(j) ?? HOME), 'the target is no link-local address'),
  ],
  [
    /^target address = R1 global address of RA\[1\]$/,
    (j) => same(targetOf(j), ROUTERS.R1!.global, 'the target'),
  ],
  [/^target address = HoA$/, (j) => same(targetOf(j), HOME, 'the target')],
  [/^Solicited flag is cleared$/, (j) => same(advertised(j)?.solicited, false, 'S')],
  [/^Override flag = ON$/, (j) => same(advertised(j)?.override, true, 'O')],
  [
    /^Target Link-layer Address option = self link-layer address$/,
    (j) => {
      const found = advertised(j)?.options.find(
        (one) => one.option === 'target-link-layer-address',
      ) as { readonly linkLayerAddress: Uint8Array } | undefined;
      const shown = String.fromCharCode(...(found?.linkLayerAddress.slice(0, 6) ?? []));
      same(shown, UNDER_TEST, 'the link-layer address');
    },
  ],
  // Tests.
  [/^Home Init Cookie = new cookie value$/, (j) => newCookie(j, 'HoTI')],
  [/^Care-of Init Cookie = new cookie value$/, (j) => newCookie(j, 'CoTI')],
  // Over several packets.
  [/^initial retransmission timer = (\w+)$/, (j, [, name]) => j.later('timer', name!)],
  [/^Timeout period is doubled upon each retransmission$/, (j) => j.later('doubled', '')],
  [
    /^Transmit until retransmission interval becomes MAX_BINDACK_TIMEOUT$/,
    (j) => j.later('until maximum', ''),
  ],
  [/^This retransmission MAY be repeated up to a maximum of DHAAD_RETRIES attempts$/, () => {}],
  [
    /^CN0 does not receive HoTI or CoTI within retransmission timeout period\.\(MAX_BINDACK_TIMEOUT\)$/,
    (j) => j.later('silence', 'HoTI or CoTI'),
  ],
  [/^When home nonce is reused, HoTI may not transmit$/, () => {}],
  [
    /^remaining lifetime of (?:home|correspondent) registration\b.*$|^Refresh Interval of BA$|^lifetime of HoA does not expire$/,
    // The wait before the step has judged it.
    ({ inTime }) => demand(inTime, 'no time is set for it'),
  ],
];

const targetOf = ({ seen }: Judging): Address | undefined =>
  (layerIn(seen, 'neighbor-solicitation') ?? layerIn(seen, 'neighbor-advertisement'))
    ?.targetAddress;
const advertised = ({ seen }: Judging) => layerIn(seen, 'neighbor-advertisement');

/** The sequence number of an acknowledgement in octets. */
function layerInOctets(packet: Uint8Array): number {
  const at = walkHeaders(packet)!.upperAt;
  return (packet[at + 8]! << 8) | packet[at + 9]!;
}
