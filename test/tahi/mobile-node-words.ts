/** What the notes of the mobile node items' steps say, as facts. An unknown one: the item is not run. */
import type { Address } from '../../src/wire/address.ts';
import { type Item, NotRun } from './items.ts';
import { named } from './mobile-node-addresses.ts';
import type { Planned } from './mobile-node-plan.ts';

/** Facts about a packet that the tester sends; what is absent is as usual. */
export interface Facts {
  readonly status?: number;
  readonly code?: number;
  readonly sequence?: number;
  readonly wrongSequence: boolean;
  /** Seconds. */
  readonly lifetime?: number;
  readonly shorterLifetime: boolean;
  readonly refresh: boolean;
  readonly wrongAuthenticator: boolean;
  readonly lastOption?: false;
  readonly reserved: boolean;
  readonly badChecksum: boolean;
  readonly payloadProto?: number;
  readonly headerLen?: number;
  readonly type?: number;
  readonly wrongCookie: boolean;
  /** The name of another source than the step's. */
  readonly wrongSource?: string;
  readonly wrongRoutingHome: boolean;
  readonly routingLength?: number;
  readonly segmentsLeft?: number;
  readonly validSeconds?: number;
  readonly preferredSeconds?: number;
  readonly routerAddress: boolean;
  readonly sharedLinkLocal: boolean;
  readonly notHomeAgent: boolean;
  readonly strangeIdentifier: boolean;
  readonly strangeOption: boolean;
  readonly agents: readonly Address[];
}

const PLAIN: Facts = {
  wrongSequence: false,
  shorterLifetime: false,
  refresh: false,
  wrongAuthenticator: false,
  reserved: false,
  badChecksum: false,
  wrongCookie: false,
  wrongRoutingHome: false,
  routerAddress: false,
  sharedLinkLocal: false,
  notHomeAgent: false,
  strangeIdentifier: false,
  strangeOption: false,
  agents: [],
};

/** Less than any registration lasts that the node asks for. Seconds. */
const SHORTER = 100;
const both = (seconds: number) => ({ validSeconds: seconds, preferredSeconds: seconds });

const NOTES: readonly [RegExp, (match: string[]) => Partial<Facts>][] = [
  [/^Status = (?:value\(=)?(\d+)\b.*$/, ([, status]) => ({ status: Number(status) })],
  [/^Code = (\d+)\b.*$/, ([, code]) => ({ code: Number(code) })],
  [/^seq is 65535\(.*\)$/, () => ({ sequence: 0xffff })],
  [
    /^seq (?:does not match seq sent by|is not set to seq in) BU.*$/,
    () => ({ wrongSequence: true }),
  ],
  [/^Lifetime is less than or equal to (\d+) seconds$/, ([, n]) => ({ lifetime: Number(n) })],
  [/^value of Lifetime is less than BU\[2\]$/, () => ({ shorterLifetime: true })],
  [/^value of Refresh Interval is less than BU\[2\]$/, () => ({ refresh: true })],
  [/^refresh-advice mobility option present$/, () => ({ refresh: true })],
  [/^Refresh Interval = half of Lifetime$/, () => ({ refresh: true })],
  [/^Invalid Authorization Data$/, () => ({ wrongAuthenticator: true })],
  [/^auth data mobility option be not last option$/, () => ({ lastOption: false })],
  [/^Reserved is not set to 0$/, () => ({ reserved: true })],
  [/^Checksum in MH has invalid values$/, () => ({ badChecksum: true })],
  [/^values other than IPPROTO_NONE\(59 decimal\)$/, () => ({ payloadProto: 58 })],
  [/^Header Len in MH is not set (\d)$/, ([, usual]) => ({ headerLen: Number(usual) - 1 })],
  [/^MH Type in MH is set invalid value(?: \((\d+)\))?$/, ([, n]) => ({ type: Number(n ?? 200) })],
  [/^Set value of cookie which does not match to (?:HoTI|CoTI) .*$/, () => ({ wrongCookie: true })],
  [/^CN0 source address is wrong$/, () => ({ wrongSource: 'CN1' })],
  [/^src is not set to HA address$/, () => ({ wrongSource: 'HA1' })],
  [/^HoA in routing header is not set to HoA of NUT$/, () => ({ wrongRoutingHome: true })],
  [/^length in RH2 = invalid value \((\d)\)$/, ([, n]) => ({ routingLength: Number(n) })],
  [/^Segments Left in RH2 = invalid value \((\d)\)$/, ([, n]) => ({ segmentsLeft: Number(n) })],
  [/^Prefix Information option are set to (\d+) \(seconds\)$/, ([, n]) => both(Number(n))],
  [/^(?:- )?Preferred Lifetime = (\d+) seconds$/, ([, n]) => ({ preferredSeconds: Number(n) })],
  [/^(?:- )?Valid Lifetime = (\d+) seconds$/, ([, n]) => ({ validSeconds: Number(n) })],
  [/^(?:- )?Preferred Lifetime is set less than .*$/, () => ({ preferredSeconds: SHORTER })],
  [/^(?:- )?Valid Lifetime is set less than .*$/, () => ({ validSeconds: SHORTER })],
  [/^Valid Lifetime and Preferred Lifetime = less than Binding Lifetime$/, () => both(SHORTER)],
  [/^Home Agent H flag is clear$/, () => ({ notHomeAgent: true })],
  [/^Link-Local Address is same of R[12] .*$/, () => ({ sharedLinkLocal: true })],
  [/^Router Address R flag is ON, .*$/, () => ({ routerAddress: true })],
  [/^Identifier (?:= random value|is unsolicited)$/, () => ({ strangeIdentifier: true })],
  [/^Identifier does not match Identifier in MPS.*$/, () => ({ strangeIdentifier: true })],
  [/^option other than Prefix Information option present$/, () => ({ strangeOption: true })],
  [
    /^Home Agent Addresses contains global IP address for (HA[01])$/,
    ([, name]) => ({ agents: [named(name!)] }),
  ],
  // These say what is so anyway.
  [/^Identifier (?:= Identifier value from|matches Identifier in) MPS.*$/, () => ({})],
  [/^src = HA address$|^dst matches src in MPS$|^RH2 present$|^without RH2$/, () => ({})],
  [/^- Router Address\(R\) flag = ON$|^- \w+ Lifetime is not changed$/, () => ({})],
  [/^AcknowledgeA flag (?:= ON|is cleared)$|^K bit = 0$/, () => ({})],
  [/^dst = |^Destination address = |^Dstination Address of inner packet is not /, () => ({})],
  [/^src of outer packet and inner packet = same$/, () => ({})],
  [/^(?:auth data|refresh-advice) mobility option absent$|^seq = seq in BU/, () => ({})],
  [/^Lifetime = 0$|^Type = \d\(.*\)$|^Prefix Information option present, and$/, () => ({})],
  [/^Valid Lifetime and Preferred Lifetime in$|^Payload Proto in MH =$/, () => ({})],
  [/^Home Nonce Index = a different value|^Care-of Nonce Index = a different value/, () => ({})],
];

/** The facts of a step in which the tester sends. */
export function factsOf({ notes, step }: Planned, { about, verdict }: Item): Facts {
  let facts = PLAIN;
  for (const note of notes) {
    const found = NOTES.find(([pattern]) => pattern.test(note));
    if (found === undefined) throw new NotRun(`the word: ${step.msg} with ${note}`);
    const change = found[1](found[0].exec(note)!);
    facts = { ...facts, ...change, agents: [...facts.agents, ...(change.agents ?? [])] };
  }
  // Where a check is about a router's global address, its advertisement has told it.
  const global = verdict.some(({ where = [] }) =>
    where.some(({ note }) => /R1 global address/.test(String(note))),
  );
  const status = /^on receipt of (?:unexpected )?BE \(Status = (\d)\)/.exec(about)?.[1];
  return {
    ...facts,
    routerAddress: facts.routerAddress || global,
    ...(step.msg.startsWith('BE') && status !== undefined ? { status: Number(status) } : {}),
  };
}
