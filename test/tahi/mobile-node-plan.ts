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
  readonly notes: readonly string[];
  readonly checks: Check[];
}

const MESSAGES: readonly [RegExp, (match: string[]) => Partial<Planned> & { message: string }][] = [
  [/^(BU|BA|BE)(?: to (?:CN0|HA0|R1|NUTX))?$/, ([, message]) => ({ message: message! })],
  [/^(RA|NS|NA|HoTI|CoTI|BRR|EchoRequest|MPS)$/, ([message]) => ({ message: message! })],
  [/^(HoT|CoT)(?: for \[(\d+)\])?$/, testMessage],
  // The other step would be the same reply sent straight, after the update.
  [/^EchoReply(?: or \[\d+\])?$/, () => ({ message: 'EchoReply' })],
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
  const planned = item.steps.map(planStep);
  assign(planned, item.verdict.filter(concernsUs));
  return planned;
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
    const at = planned.findLastIndex((one, index) => index < end && isAbout(check, one));
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
  if (check.none_of !== undefined) {
    // That nothing comes is told of a silence, of a wait, or of what is sent and not answered.
    return one.kind !== 'expect' || /^none|retransmitted|HoTI/.test(String(check.none_of));
  }
  if (one.kind !== 'expect') return false;
  const messages = messagesOf(check.expect!);
  if (check.expect === 'NS (NUD)' || check.expect === 'NS (DAD)') {
    if (one.purpose !== check.expect.slice(4, 7)) return false;
  }
  return messages.includes(one.message);
}
