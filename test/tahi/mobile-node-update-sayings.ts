/** What the mobile node items' conditions say of Binding Updates. */
import { verifyBindingAuthorization } from '../../src/core/security/return-routability.ts';
import { between, type Duration, type Instant, seconds } from '../../src/core/time.ts';
import { nodeCryptography as crypto } from '../../src/lab/crypto.ts';
import type { Layer } from '../../src/wire/packet.ts';
import { walkHeaders } from '../../src/wire/walk.ts';
import { layerIn } from './bench.ts';
import { demand } from './conditions.ts';
import { NotRun } from './items.ts';
import { HOME, HOME_AGENT, LINK_LOCAL } from './mobile-node-addresses.ts';
import {
  careOf,
  inner,
  type Judging,
  option,
  type Saying,
  same,
  update,
} from './mobile-node-judging.ts';

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

/** The sequence number of an acknowledgement in octets. */
function sequenceIn(packet: Uint8Array): number {
  const at = walkHeaders(packet)!.upperAt;
  return (packet[at + 8]! << 8) | packet[at + 9]!;
}

export const UPDATE_SAYINGS: readonly Saying[] = [
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
      const answer = j.memory.happened.findLast(
        ({ message, seen }) => message === 'BA' && seen === undefined,
      );
      if (answer === undefined) throw new NotRun('nothing was acknowledged');
      same(update(j).sequence, (sequenceIn(answer.octets) + 1) & 0xffff, 'the number');
    },
  ],
  [/^seq = minimum value$/, (j) => same(update(j).sequence, 0, 'the number')],
  [
    /^nonce option present, and$/,
    (j) => demand(option(j, 'nonce-indices') !== undefined, 'no nonce indices'),
  ],
  [
    /^nonce option absent$/,
    (j) => same(option(j, 'nonce-indices'), undefined, 'the nonce indices'),
  ],
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
      const right =
        key !== undefined && verifyBindingAuthorization(crypto, j.seen.octets, key, ends);
      demand(right, 'the authenticator is wrong');
    },
  ],
  [
    /^Home Nonce Index (?:is equal to value in HoT message|= latest HoT)$/,
    (j) => nonceIs(j, 'HoT'),
  ],
  [
    /^Care-of Nonce Index (?:is equal to value in CoT message|= latest CoT)$/,
    (j) => nonceIs(j, 'CoT'),
  ],
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
];
