/**
 * Reads a correspondent node item as a whole: which packet answers which, which step a check is
 * about, and where time must go on for the item to mean anything.
 */
import { type Check, type Item, NotRun, type Step } from './items.ts';
import { type ExpectedWords, expectedWords, sendingWords, type Words } from './words.ts';

/** How long to wait before a step. */
export type Wait =
  | 'the binding expires'
  | 'the first binding would have expired'
  | 'the refused lifetime would have expired'
  | 'the nonces expire'
  | 'a new nonce';

interface PlannedBase {
  readonly step: Step;
  readonly checks: Check[];
  readonly waits: Wait[];
}
export interface PlannedSend extends PlannedBase {
  readonly kind: 'send';
  readonly message: string;
  readonly words: Words;
  reply?: PlannedExpect;
}
export interface PlannedExpect extends PlannedBase {
  readonly kind: 'expect';
  readonly expected: ExpectedWords;
  /** Absent where nobody asked, as for a Binding Refresh Request. */
  request?: PlannedSend;
}
export type Planned = PlannedSend | PlannedExpect;

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  EchoRequest: ['EchoReply', 'BE', 'ICMP-param-problem'],
  HoTI: ['HoT', 'BE', 'ICMP-param-problem'],
  CoTI: ['CoT', 'BE', 'ICMP-param-problem'],
  BU: ['BA', 'BE', 'ICMP-param-problem'],
};
/** Messages that come without having been asked for. */
const UNASKED = ['BRR'];

/** The steps in order, with all that the item as a whole says of them. */
export function plan(item: Item): Planned[] {
  if (item.steps.length === 0) throw new NotRun('the description has no steps');
  const numbers = item.steps.map(({ n }) => n);
  for (let n = 1; n <= Math.max(...numbers); n++) {
    if (!numbers.includes(n)) throw new NotRun(`the description lacks step ${n}`);
  }
  const planned = item.steps.map((step) => planStep(step, item));
  pair(planned);
  assignChecks(planned, item.verdict);
  planWaits(planned, item.about);
  return planned;
}

function planStep(step: Step, { about }: Item): Planned {
  const base = { step, checks: [], waits: [] };
  if (step.act === 'tester-sends') {
    const { message, words } = sendingWords(step);
    // The titles of the home registrations say which of them carry nonces and what is made of them.
    const bare = words.flags.H === true && !/with Nonce/.test(about);
    const without = bare ? { withoutNonce: true, withoutAuthenticator: true } : {};
    return { ...base, kind: 'send', message, words: { ...words, ...without } };
  }
  if (step.act === 'tester-expects') {
    return { ...base, kind: 'expect', expected: expectedWords(step) };
  }
  throw new NotRun(`the word: ${step.act}`);
}

/** Each packet that is waited for answers the nearest one before that it can answer. */
function pair(planned: readonly Planned[]): void {
  planned.forEach((one, index) => {
    if (one.kind !== 'expect' || UNASKED.includes(one.expected.message)) return;
    const request = planned
      .slice(0, index)
      .findLast(
        (other): other is PlannedSend =>
          other.kind === 'send' &&
          other.reply === undefined &&
          (ANSWERS[other.message] ?? []).includes(one.expected.message),
      );
    if (request === undefined) {
      throw new NotRun(`nothing asks for the ${one.expected.message} of step ${one.step.n}`);
    }
    request.reply = one;
    one.request = request;
  });
}

/** Checks are about the last steps that they can be about, in order. */
function assignChecks(planned: readonly Planned[], verdict: readonly Check[]): void {
  let end = planned.length;
  for (const check of [...verdict].reverse()) {
    const index = planned.findLastIndex((one, at) => at < end && isAbout(check, one));
    if (index < 0) throw new NotRun(`no step for check ${check.check} (${nameOf(check)})`);
    planned[index]!.checks.push(check);
    end = index;
  }
}

const nameOf = (check: Check): string =>
  check.expect ?? check.says ?? `none of ${(check.none_of ?? []).join(', ')}`;

export const EITHER = 'BA or receives BA with following conditions';

function isAbout(check: Check, one: Planned): boolean {
  if (check.says !== undefined) return one.kind === 'send' && one.reply === undefined;
  if (check.none_of?.includes('BRR') === true) return one.kind === 'expect';
  if (check.none_of !== undefined) {
    if (check.none_of.includes(EITHER)) return one.kind === 'expect' && one.expected.optional;
    return one.kind === 'send' && one.reply === undefined;
  }
  if (one.kind !== 'expect' || one.expected.optional) return false;
  const status = check.where?.find(({ field }) => field === 'status')?.eq;
  const said = one.expected.status;
  if (status !== undefined && said !== undefined && said.value !== status) return false;
  return check.expect?.split(' ')[0] === one.expected.message;
}

const LAST_EXPIRES =
  /^Lifetime expires$|initialized by (?:first|second) registration expires(?: and entry is deleted\.\))?$/;
const SECOND_HOLDS = /initialized by second registration does not expire$/;
const SECOND_REFUSED = /^\(lifetime of Binding Cache entry is not initialized by second regist/;

function planWaits(planned: readonly Planned[], about: string): void {
  for (const one of planned) {
    const before = one.kind === 'expect' && one.request !== undefined ? one.request : one;
    for (const check of one.checks) {
      const notes = (check.where ?? []).map(({ note }) => String(note ?? ''));
      for (const text of [check.state ?? '', ...notes]) {
        if (LAST_EXPIRES.test(text)) before.waits.push('the binding expires');
        if (SECOND_HOLDS.test(text)) before.waits.push('the first binding would have expired');
        if (SECOND_REFUSED.test(text)) before.waits.push('the refused lifetime would have expired');
      }
    }
    if (one.kind === 'expect' && one.expected.otherIndex === true) before.waits.push('a new nonce');
  }
  planNonceWaits(planned, about);
}

/** The steps do not say when nonces expire: the item's title does. */
function planNonceWaits(planned: readonly Planned[], about: string): void {
  if (/^Indices not recent but valid/.test(about)) {
    for (const kind of ['HoTI', 'CoTI']) {
      const tests = planned.filter((one) => one.kind === 'send' && one.message === kind);
      for (const again of tests.slice(1)) again.waits.push('a new nonce');
    }
    return;
  }
  const timeout = /timeout| - Expired /.test(about);
  if (!timeout) return;
  const home = /home nonce|expired nonces|home and care-of/i.test(about);
  const careOf = /care-of nonce|expired nonces|home and care-of/i.test(about);
  const last = planned.findLastIndex(
    (one) =>
      one.kind === 'expect' &&
      ((home && one.expected.message === 'HoT') || (careOf && one.expected.message === 'CoT')),
  );
  planned[last + 1]!.waits.push('the nonces expire');
}

/** Are the tokens to be used not the last ones but those before? */
export const usesOlderTokens = (about: string): boolean =>
  /^Indices not recent but valid/.test(about);
