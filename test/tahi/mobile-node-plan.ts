/**
 * Reads a mobile node item as a whole: what each step sends, waits for or lets pass, and which check
 * is about which step. A word that is not known here makes the item one that is not run.
 */
import { type Check, type Item, NotRun, type Step } from './items.ts';

/** Where a packet comes from and goes to, by the items' names. */
export interface Ends {
  readonly outer?: { readonly source: string; readonly destination: string };
  readonly source: string;
  readonly destination: string;
  readonly routing2: boolean;
  readonly home: boolean;
}

export interface Planned {
  readonly step: Step;
  readonly kind: 'send' | 'expect' | 'wait' | 'silence';
  /** `BU`, `HoT`, `NS`, ...; empty where time passes. */
  readonly message: string;
  readonly ends?: Ends;
  /** The purpose of a Neighbor Solicitation. */
  readonly purpose?: 'NUD' | 'DAD' | 'AR';
  /** The step of the Init that a test answers. */
  readonly forStep?: number;
  readonly code?: number;
  /** Is the same reply, sent straight, as good? */
  readonly either?: boolean;
  readonly notes: readonly string[];
  readonly checks: Check[];
}

const MESSAGES: readonly [RegExp, (match: string[]) => Partial<Planned> & { message: string }][] = [
  [/^(BU|BA|BE)(?: to (?:CN0|HA0|R1|NUTX))?$/, ([, message]) => ({ message: message! })],
  [/^(RA|NS|NA|HoTI|CoTI|BRR|EchoRequest|MPS)$/, ([message]) => ({ message: message! })],
  [/^(HoT|CoT)(?: for \[(\d+)\])?$/, testMessage],
  // The other step would be the same reply sent straight, after the update.
  [/^EchoReply( or \[\d+\])?$/, ([, or]) => ({ message: 'EchoReply', either: or !== undefined })],
  [/^(?:unsolicited |solicited )?MPA$/, () => ({ message: 'MPA' })],
  [/^(DHAAD-request|DHAAD-reply)$/, ([message]) => ({ message: message! })],
  [
    /^ICMP-param-problem, Code (\d)$/,
    ([, code]) => ({ message: 'ICMP-param-problem', code: Number(code) }),
  ],
  [/^ICMP ICMP-dest-unreachable$/, () => ({ message: 'ICMP-dest-unreachable' })],
];

function testMessage([, message, step]: string[]) {
  return { message: message!, ...(step === undefined ? {} : { forStep: Number(step) }) };
}

const KINDS: Readonly<Record<string, Planned['kind']>> = {
  'tester-sends': 'send',
  'tester-expects': 'expect',
  wait: 'wait',
  'nothing-expected': 'silence',
};

/** The steps in order, with the checks that are about them. */
export function planSteps(item: Item): Planned[] {
  if (item.steps.length === 0) throw new NotRun('the description has no steps');
  const checks = item.verdict.filter(concernsUs);
  const planned = withoutRepeats(item.steps.map(planStep), checks);
  assign(planned, checks);
  return planned;
}

/** Where the node is not to send again, the steps in which it does, and their answers, are void. */
function withoutRepeats(planned: readonly Planned[], checks: readonly Check[]): Planned[] {
  const none = checks.filter(({ if: condition }) => condition !== undefined);
  const names = none.flatMap(({ none_of }) => none_of ?? []).filter((one) => /^retr/.test(one));
  const messages = names.flatMap(messagesOf);
  if (messages.length === 0) return [...planned];
  const refused = planned.findIndex(({ message }) => message === 'BA');
  return planned.filter(
    ({ message, kind }, at) =>
      at <= refused || (message !== 'BA' && !(kind === 'expect' && messages.includes(message))),
  );
}

function planStep(step: Step): Planned {
  const kind = KINDS[step.act];
  if (kind === undefined) throw new NotRun(`the word: ${step.act}`);
  const base = { step, kind, notes: step.notes ?? [], checks: [] };
  if (kind === 'wait' || kind === 'silence') return { ...base, message: '' };
  const found = MESSAGES.find(([pattern]) => pattern.test(step.msg));
  if (found === undefined) throw new NotRun(`the word: ${step.msg}`);
  return { ...base, ...endsOf(step.with ?? ''), ...found[1](found[0].exec(step.msg)!) };
}

const NAME = '([A-Za-z0-9_]+|Not NUT0)';
const WITH = '(?: with (RH2|HAO|RH2 and HAO))?';
const TUNNELLED = new RegExp(`^out: ${NAME} -> ${NAME}, in: ${NAME} -> ${NAME}${WITH}$`);
const PLAIN = new RegExp(`^(?:(NUD|DAD|AR)\\)\\. \\()?${NAME} -> ([A-Za-z0-9_ -]+?)${WITH}$`);

function endsOf(text: string): { readonly ends: Ends; readonly purpose?: 'NUD' | 'DAD' | 'AR' } {
  const inTunnel = TUNNELLED.exec(text);
  if (inTunnel !== null) {
    const [, from, to, source, destination, has] = inTunnel;
    const outer = { source: from!, destination: to! };
    return { ends: { outer, source: source!, destination: destination!, ...headers(has) } };
  }
  // A slip of one name: the source is the home address, as everywhere else.
  const match = PLAIN.exec(text.replace('NUT0(Unspecified)', 'NUT0'));
  if (match === null) throw new NotRun(`the word: ${text}`);
  const [, purpose, source, destination, has] = match;
  return {
    ends: { source: source!, destination: destination!, ...headers(has) },
    ...(purpose === undefined ? {} : { purpose: purpose as 'NUD' | 'DAD' | 'AR' }),
  };
}

const headers = (has: string | undefined) => ({
  routing2: has?.includes('RH2') === true,
  home: has?.includes('HAO') === true,
});

/** What careof does where the items let an implementation choose. */
const CHOICES: readonly (readonly [RegExp, 'YES' | 'NO'])[] = [
  [/^NUT re-transmits (?:BU to HA|BU to CN|HoTI|CoTI|MPS|DHAAD-request) for valuable /, 'YES'],
  // A home agent is asked again, since nothing else would ever mend it.
  [/^NUT re-transmits BU (?:to HA )?for BA\(status \d+\)/, 'YES'],
  [/^NUT re-transmits BU to CN for BA\(status 13[5-8]\)/, 'YES'],
  // A peer that refuses is left alone.
  [/^NUT re-transmits BU to CN for BA\(status 128\)/, 'NO'],
];

/** Is a check for an implementation that chooses as careof does? */
function concernsUs({ if: condition }: Check): boolean {
  if (condition === undefined) return true;
  const [, what, value] = /^(.*): (YES|NO)$/.exec(condition) ?? [];
  const ours = CHOICES.find(([pattern]) => pattern.test(what ?? ''))?.[1];
  if (ours === undefined) throw new NotRun(`the choice: ${condition}`);
  return ours === value;
}

/** Checks are about the last steps that they can be about, in order. */
function assign(planned: readonly Planned[], checks: readonly Check[]): void {
  let end = planned.length;
  for (const check of [...checks].reverse()) {
    const before = planned.slice(0, end);
    let at = before.findLastIndex((one) => isAbout(check, one));
    // Where no time is given to it, that nothing comes is told of what is sent and not answered.
    if (at < 0 && check.none_of !== undefined) {
      at = before.findLastIndex(({ kind }) => kind === 'send');
    }
    if (at < 0) throw new NotRun(`no step for check ${check.check} (${nameOf(check)})`);
    planned[at]!.checks.push(check);
    end = at;
  }
}

const nameOf = (check: Check) => check.expect ?? check.says ?? `none of ${check.none_of}`;

/** The messages that a check waits for, by the items' words for them. */
export function messagesOf(what: string): readonly string[] {
  const plain = what
    .replace(/^(?:retransmitted|retransmisson) (?:of )?|^tunneled /, '')
    .replace(/ (?:by (?:reverse )?tunneling|by HAO|with (?:RH2 and )?HAO|message)\b.*$/, '')
    .replace(/ (?:before expiration of following period|for unsolicited MPA)$/, '');
  if (/^(?:Home\/CoTI|HoTI and CoTI)$/.test(plain)) return ['HoTI', 'CoTI'];
  if (plain === 'Home/CoTI and BU') return ['HoTI', 'CoTI', 'BU'];
  if (/^RR procedure messages?$/.test(what)) return ['HoTI', 'CoTI', 'BU'];
  const known = /^(BU|BA|BE|HoTI|CoTI|HoT|CoT|EchoReply|NA|MPS|DHAAD-request)$/.exec(plain);
  if (known !== null) return [known[1]!];
  if (/^NS \((?:NUD|DAD)\)$/.test(plain)) return ['NS'];
  if (/^BU\(CoA NUTY\)$/.test(plain)) return ['BU'];
  if (/^ICMP-param-problem[,(]? ?Code 0\)?$/.test(plain)) return ['ICMP-param-problem'];
  throw new NotRun(`the check: ${what}`);
}

function isAbout(check: Check, one: Planned): boolean {
  if (check.says !== undefined) return true;
  if (check.none_of !== undefined) return one.kind === 'silence' || one.kind === 'wait';
  if (one.kind !== 'expect') return false;
  const messages = messagesOf(check.expect!);
  if (check.expect === 'NS (NUD)' || check.expect === 'NS (DAD)') {
    if (one.purpose !== check.expect.slice(4, 7)) return false;
  }
  return messages.includes(one.message);
}

/** A step that goes without saying. */
export function made(
  kind: 'send' | 'expect',
  message: string,
  ends: Pick<Ends, 'source' | 'destination' | 'outer'>,
): Planned {
  const act = kind === 'send' ? 'tester-sends' : 'tester-expects';
  const step = { n: 0, act, msg: message };
  return {
    step,
    kind,
    message,
    ends: { ...ends, routing2: false, home: false },
    notes: [],
    checks: [],
  };
}
