/** Judges a packet by a check's conditions. A condition that is not known here is never met silently. */
import { verifyBindingAuthorization } from '../../src/core/security/return-routability.ts';
import { nodeCryptography as crypto } from '../../src/lab/crypto.ts';
import { type Address, formatAddress } from '../../src/wire/address.ts';
import type { LayerName } from '../../src/wire/packet.ts';
import { layerIn, messageOf, type Seen } from './bench.ts';
import { type Condition, Failed, NotRun } from './items.ts';

/** Layers of the messages by the items' short names. */
export const LAYER_OF: Readonly<Record<string, LayerName>> = {
  EchoRequest: 'echo-request',
  EchoReply: 'echo-reply',
  HoTI: 'home-test-init',
  CoTI: 'care-of-test-init',
  HoT: 'home-test',
  CoT: 'care-of-test',
  BU: 'binding-update',
  BA: 'binding-acknowledgement',
  BE: 'binding-error',
  BRR: 'binding-refresh-request',
  'ICMP-param-problem': 'parameter-problem',
};

/** What a condition's words may refer to. */
export interface Context {
  named(name: string): Address;
  /** The request that the packet answers. */
  readonly request?: {
    readonly destination: Address;
    readonly home?: Address;
    readonly cookie?: Uint8Array;
    readonly sequence?: number;
    readonly lifetime?: number;
    readonly careOf?: Address;
  };
  /** Key and addresses of the update that the packet acknowledges. */
  readonly signed?: {
    readonly key: Uint8Array;
    readonly ends: { readonly careOf: Address; readonly correspondent: Address };
  };
  /** Sequence number of the last update that was accepted. */
  readonly lastSequence?: number;
  readonly firstIndex?: { readonly home?: number; readonly careOf?: number };
}

export function demand(met: boolean, what: string): void {
  if (!met) throw new Failed(what);
}

function same(actual: unknown, wanted: unknown, what: string): void {
  demand(actual === wanted, `${what} is ${String(actual)}; it must be ${String(wanted)}`);
}

/** Judges one packet by one condition; throws `Failed` where it is not met. */
export function meet(seen: Seen, condition: Condition, context: Context): void {
  if (condition.note !== undefined) {
    meetNote(seen, String(condition.note), context);
  } else if (condition.field !== undefined) {
    meetField(seen, condition);
  } else if (condition.dst !== undefined) {
    goesTo(seen, context.named(String(condition.dst)));
  } else if (condition.auth_option !== undefined) {
    same(hasAuthenticator(seen), condition.auth_option, 'has an authenticator');
  } else if (condition.auth_valid === true) {
    demand(isProved(seen, context), 'the authenticator is wrong');
  } else if (condition['rh2.home_address'] !== undefined) {
    const header = layerIn(seen, 'routing-type-2');
    const wanted = context.named(String(condition['rh2.home_address']));
    same(header?.homeAddress, wanted, 'the address in the Routing header');
  } else if (condition.rh2 !== undefined) {
    same(layerIn(seen, 'routing-type-2') !== undefined, condition.rh2, 'has a Routing header');
  } else {
    throw new NotRun(`the condition: ${JSON.stringify(condition)}`);
  }
}

export function goesTo(seen: Seen, wanted: Address): void {
  const { destination } = layerIn(seen, 'ipv6')!;
  const [is, must] = [destination, wanted].map(formatAddress);
  demand(destination === wanted, `the ${messageOf(seen)} goes to ${is}; it must go to ${must}`);
}

function meetField(seen: Seen, { field, eq, ne }: Condition): void {
  const value = fieldOf(seen, String(field));
  if (eq !== undefined) same(value, eq, String(field));
  else if (ne !== undefined) demand(value !== ne, `${field} is ${value}; it must be another`);
  else throw new NotRun(`the condition: ${field} with neither eq nor ne`);
}

function fieldOf(seen: Seen, field: string): number | undefined {
  switch (field) {
    case 'status':
      return (layerIn(seen, 'binding-acknowledgement') ?? layerIn(seen, 'binding-error'))?.status;
    case 'lifetime':
      return layerIn(seen, 'binding-acknowledgement')?.lifetime;
    case 'sequence':
      return layerIn(seen, 'binding-acknowledgement')?.sequence;
    case 'pointer':
      return layerIn(seen, 'parameter-problem')?.pointer;
    case 'code':
      return layerIn(seen, 'parameter-problem')?.code;
    default:
      throw new NotRun(`the condition: field ${field}`);
  }
}

function hasAuthenticator(seen: Seen): boolean {
  const options = layerIn(seen, 'binding-acknowledgement')?.options ?? [];
  return options.some(({ option }) => option === 'binding-authorization-data');
}

function isProved(seen: Seen, { signed }: Context): boolean {
  if (signed === undefined) throw new NotRun('no key to judge the authenticator by');
  return verifyBindingAuthorization(crypto, seen.octets, signed.key, signed.ends);
}

/** What the notes say, where they say it for a program too. */
const NOTES: readonly [RegExp, (seen: Seen, context: Context, match: string[]) => void][] = [
  // These tell when to send the request; the plan waits for it.
  [/^\(lifetime (?:initialized|of Binding Cache entry) .*\)$/, () => {}],
  [
    /^(?:Home|Care-of) Init Cookie matches value in (?:HoTI|CoTI)$/,
    (seen, { request }) => demand(sameOctets(cookieOf(seen), request?.cookie), 'another cookie'),
  ],
  [
    /^(Home|Care-of) Nonce Index is different from value of first (?:HoT|CoT)$/,
    (seen, { firstIndex }, [, kind]) => {
      const first = kind === 'Home' ? firstIndex?.home : firstIndex?.careOf;
      demand(first !== undefined && first !== indexOf(seen), 'the nonce index is the first one');
    },
  ],
  [
    /^HoA = value in HAO in (?:EchoRequest|pseudo BU) \(.*\)$/,
    (seen, { request }) => {
      const told = layerIn(seen, 'binding-error')?.homeAddress;
      same(told, request?.home, 'the home address in the Binding Error');
    },
  ],
  [
    /^Lifetime is less than or equal to value in BU$/,
    (seen, { request }) => {
      const granted = fieldOf(seen, 'lifetime')!;
      demand(granted <= (request?.lifetime ?? -1), `the lifetime is ${granted}`);
    },
  ],
  [
    /^Reserved = zero$/,
    (seen) => {
      const message = layerIn(seen, 'binding-refresh-request');
      demand(message !== undefined && message.reserved === 0, 'a reserved field is set');
    },
  ],
  [
    /^dst = AltCoA in BU$/,
    (seen, { request }) => {
      if (request?.careOf === undefined) throw new NotRun('no update to compare with');
      goesTo(seen, request.careOf);
    },
  ],
  [/^dst = (MN \w+(?: \d)?)$/, (seen, { named }, [, name]) => goesTo(seen, named(name!))],
  [
    /^seq = value in BU$/,
    (seen, { request }) => same(fieldOf(seen, 'sequence'), request?.sequence, 'the sequence'),
  ],
  [
    /^seq = value in last successful BU$/,
    (seen, { lastSequence }) => same(fieldOf(seen, 'sequence'), lastSequence, 'the sequence'),
  ],
  [
    /^src = dst of (?:HoTI|CoTI) \((.*)\)$/,
    (seen, { named }, [, name]) => {
      same(layerIn(seen, 'ipv6')!.source, named(name!), 'the source');
    },
  ],
];

function meetNote(seen: Seen, note: string, context: Context): void {
  const found = NOTES.find(([pattern]) => pattern.test(note));
  if (found === undefined) throw new NotRun(`the condition: ${note}`);
  found[1](seen, context, found[0].exec(note)!);
}

function cookieOf(seen: Seen): Uint8Array | undefined {
  const home = layerIn(seen, 'home-test')?.homeInitCookie;
  return home ?? layerIn(seen, 'care-of-test')?.careOfInitCookie;
}

export const indexOf = (seen: Seen): number | undefined =>
  (layerIn(seen, 'home-test') ?? layerIn(seen, 'care-of-test'))?.nonceIndex;

function sameOctets(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((octet, at) => octet === b[at]);
}
