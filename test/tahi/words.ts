/**
 * What the correspondent node suite's steps say of a packet, in its own words ("Lifetime=0, AltCoA=
 * HoA"), as facts. A word that is not known here makes the item one that is not run.
 */
import { NotRun, type Step } from './items.ts';

/** Facts about a packet that the tester sends; what is absent is as usual. */
export interface Words {
  /** Names of addresses: `HoA`, `CoA`, `CoA2`, `Multicast address`, ... */
  readonly source?: string;
  readonly home?: string;
  readonly alternate?: string;
  /** Is there a Home Address option? Undefined: as the packet needs it. */
  readonly homeOption?: boolean;
  readonly routing2?: boolean;
  /** Units of 4 s. */
  readonly lifetime?: number;
  readonly sequence?: number;
  readonly flags: {
    readonly A?: boolean;
    readonly H?: boolean;
    readonly L?: boolean;
    readonly K?: boolean;
  };
  /** Nonce indices: a number, or the step of the test message that brought it. */
  readonly homeIndex?: number;
  readonly careOfIndex?: number;
  readonly homeReceivedIn?: number;
  readonly careOfReceivedIn?: number;
  /** The authenticator is made as if this token were all ones. */
  readonly wrongToken?: 'home' | 'care-of';
  readonly wrongAuthenticator?: boolean;
  readonly withoutNonce?: boolean;
  readonly withoutAuthenticator?: boolean;
  readonly paddedAuthenticator?: boolean;
  /** An option that does not belong in the message. */
  readonly strangeOption?: 'nonce' | 'alternate' | 'refresh';
  /** Octets of the Mobility Header that are written over: offset in it, and value. */
  readonly overwritten: readonly (readonly [at: number, value: number])[];
  readonly wrongMhChecksum?: boolean;
  readonly wrongEchoChecksum?: boolean;
}

/** Any lifetime that is neither zero nor short. Units of 4 s. */
const SOME_LIFETIME = 100;

const number = (text: string): number => Number(text);
/** `105=420s`, `0xFFFF=65535=262140s`, `4s` and `0`, in units of 4 s. */
export function lifetimeUnits(text: string): number {
  const last = text.split('=').at(-1)!;
  return last.endsWith('s') ? Number(last.slice(0, -1)) / 4 : Number(last);
}

const GRAMMAR: readonly [RegExp, (match: string[]) => Partial<Words>][] = [
  [/^HAO$/, () => ({ homeOption: true })],
  [/^No HAO$/, () => ({ homeOption: false })],
  [/^RH2$/, () => ({ routing2: true })],
  [/^src=(.+)$/i, ([, name]) => ({ source: name! })],
  [/^HoA=AltCoA=src$/, () => ({ homeOption: true, alternate: 'src' })],
  [/^src and HoA=(.+)$/, ([, name]) => ({ source: name!, home: name! })],
  [/^HoA!=HoA$/, () => ({ home: 'other HoA' })],
  [/^HoA=(.+)$/, ([, name]) => ({ home: name! })],
  [/^AltCoA!=src$/, () => ({ alternate: 'alternate CoA' })],
  [/^(?:AltCoA|Alternate Care-of Address)=(.+)$/, ([, name]) => ({ alternate: name! })],
  [/^Lifetime!=0$/, () => ({ lifetime: SOME_LIFETIME })],
  [/^(?:New )?Lifetime=(.+)$/, ([, text]) => ({ lifetime: lifetimeUnits(text!) })],
  [/^Sequence No=(\d+)$/, ([, text]) => ({ sequence: number(text!) })],
  [
    /^([AHLK]) (?:flag|bit)[ =](ON|OFF)$/,
    ([, flag, state]) => ({ flags: { [flag!]: state === 'ON' } }),
  ],
  // What was received last is used anyway.
  [/^reused (?:Home Nonce index and token|indices and tokens)$/i, () => ({})],
  [/^Home Nonce Index=(0x\w+)$/, ([, text]) => ({ homeIndex: number(text!) })],
  [/^Care-of Nonce Index=(0x\w+)$/, ([, text]) => ({ careOfIndex: number(text!) })],
  [/^Care-of Nonce Index=Received in (\d+)$/, ([, text]) => ({ careOfReceivedIn: number(text!) })],
  [
    /^home nonce index=received value in (\d+)\., Authenticator=Calculated from token received in \1\)\.$/,
    ([, text]) => ({ homeReceivedIn: number(text!) }),
  ],
  [
    /^Authenticator=Calculated as if (Home|Care-of) Keygen Token=0xffffffff$/,
    ([, kind]) => ({ wrongToken: kind === 'Home' ? 'home' : 'care-of' }),
  ],
  [/^Invalid Authenticator$/, () => ({ wrongAuthenticator: true })],
  [/^Not include nonce option$/, () => ({ withoutNonce: true })],
  [/^Not include auth option$/, () => ({ withoutAuthenticator: true })],
  [/^without Nonce and Auth$/, () => ({ withoutNonce: true, withoutAuthenticator: true })],
  [/^8 octets of padding after auth option$/, () => ({ paddedAuthenticator: true })],
  [/^nonce option$/, () => ({ strangeOption: 'nonce' })],
  [/^AltCoA option$/, () => ({ strangeOption: 'alternate' })],
  [/^refresh-advice Option$/, () => ({ strangeOption: 'refresh' })],
  [/^MH Payload Proto=(0x\w+)$/, ([, text]) => ({ overwritten: [[0, number(text!)]] })],
  [/^MH Len=(\d+)$/, ([, text]) => ({ overwritten: [[1, number(text!)]] })],
  [/^MH Type=(\d+)$/, ([, text]) => ({ overwritten: [[2, number(text!)]] })],
  [/^Reserved1? after MH Type=0xff$/, () => ({ overwritten: [[3, 0xff]] })],
  [
    /^Reserved2 after Checksum=0xffff$/,
    () => ({
      overwritten: [
        [6, 0xff],
        [7, 0xff],
      ],
    }),
  ],
  // A, H, L and K are the upper four bits; A stays on.
  [
    /^Reserved after K flag=0xfff$/,
    () => ({
      overwritten: [
        [8, 0x8f],
        [9, 0xff],
      ],
    }),
  ],
  [/^MH Checksum=0x0000$/, () => ({ wrongMhChecksum: true })],
  [
    /^echo request checksum=Calculated without exchanging Home Address field and Source Addres field\)\.$/,
    () => ({ wrongEchoChecksum: true }),
  ],
  // Which packet it is: the message's name says it already.
  [/^HoTI format$/, () => ({})],
  [/^BU format with HAO$/, () => ({ homeOption: true })],
];

/** Names of messages as the steps write them, slips included. */
const MESSAGE =
  /^(?:ICMP )?(EchoRequest|HoTI|CoTI|BU|ICMP-dest-unreachable)(?:BU| message)?(?:\((.*))?$/;

/** Message and facts of a step in which the tester sends. */
export function sendingWords(step: Step): { readonly message: string; readonly words: Words } {
  const match = MESSAGE.exec(step.msg);
  if (match === null) throw new NotRun(`the word: sends ${step.msg}`);
  const inFormats = (step.formats ?? []).flatMap((format) =>
    Object.entries(format['?'] ?? {}).map(([field, value]) => `${field}=${String(value)}`),
  );
  const said = [match[2], step.with].filter((one) => one !== undefined && one !== '');
  let words: Words = { flags: {}, overwritten: [] };
  for (const word of [...said.flatMap((one) => one!.split(/,\s*/)), ...inFormats]) {
    const plain = word.trim().replace(/\s*(!?=)\s*/g, '$1');
    const mended = plain.replace('Addres=', 'Address=').replace('Multicust', 'Multicast');
    const found = GRAMMAR.find(([pattern]) => pattern.test(mended));
    if (found === undefined) throw new NotRun(`the word: ${step.msg} with ${word.trim()}`);
    const change = found[1](found[0].exec(mended)!);
    const flags = { ...words.flags, ...change.flags };
    const overwritten = [...words.overwritten, ...(change.overwritten ?? [])];
    words = { ...words, ...change, flags, overwritten };
  }
  return { message: match[1]!, words };
}

/** Facts about a packet that the tester waits for. */
export interface ExpectedWords {
  readonly message: string;
  /** The step may be answered by silence instead. */
  readonly optional: boolean;
  readonly status?: { readonly value: number; readonly equal: boolean };
  readonly sequence?: number;
  readonly lifetime?: number;
  readonly routing2?: boolean;
  readonly destination?: string;
  readonly code?: number;
  /** The nonce index differs from the first one. */
  readonly otherIndex?: boolean;
}

const EXPECTED: readonly [RegExp, (match: string[]) => Partial<ExpectedWords>][] = [
  [/^Status=(\d+)$/, ([, text]) => ({ status: { value: number(text!), equal: true } })],
  [/^Sequence No=(\d+)$/, ([, text]) => ({ sequence: number(text!) })],
  [/^Lifetime=(.+)$/, ([, text]) => ({ lifetime: lifetimeUnits(text!) })],
  // The lifetime of the update is the one that is new.
  [/^New Lifetime$/, () => ({})],
  [/^(?:RH2|Type 2 routing header)$/, () => ({ routing2: true })],
  [/^dst=(.+)$/, ([, name]) => ({ destination: name! })],
  [/^Code (\d+)$/, ([, text]) => ({ code: number(text!) })],
  // The step is counted otherwise than in the list; the check says "first".
  [/^different index from \d+$/, () => ({ otherIndex: true })],
];

/** Message and facts of a step in which the tester waits for a packet. */
export function expectedWords(step: Step): ExpectedWords {
  const either = /^(\w+)\(Status(!?=)(\d+)\) or Expire BA timer$/.exec(step.msg);
  let words: ExpectedWords = {
    message: either?.[1] ?? step.msg,
    optional: either !== null,
    ...(either !== null && { status: { value: number(either[3]!), equal: either[2] === '=' } }),
  };
  const said = (step.with ?? '').replace('\u0081A', ',').replace(' Sequence', ',Sequence');
  for (const word of said.split(/,\s*/).filter((one) => one !== '')) {
    const found = EXPECTED.find(([pattern]) => pattern.test(word));
    if (found === undefined) throw new NotRun(`the word: ${step.msg} with ${word}`);
    words = { ...words, ...found[1](found[0].exec(word)!) };
  }
  return words;
}
