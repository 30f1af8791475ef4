/** Makes the packets of one item's steps: where the words are silent, the item as a whole says it. */
import type { Instant } from '../../src/core/time.ts';
import { type Address, address, isUnicastRoutable } from '../../src/wire/address.ts';
import { layerIn, type Seen } from './bench.ts';
import { CARE_OF_1, CN1, HOME, named } from './correspondent-addresses.ts';
import {
  bindingUpdate,
  type Ends,
  echoRequest,
  keyOf,
  type ReleaseForm,
  type Token,
  testInit,
  type Update,
  unreachable,
} from './correspondent-messages.ts';
import { type Item, NotRun } from './items.ts';
import { type Planned, type PlannedSend, usesOlderTokens } from './plan.ts';

const DEFAULT_LIFETIME = 105;
/** A router between the node and the mobile node. */
const ROUTER_BEHIND = address('2001:db8:e::1');

/** A token that the node gave out, and the step in which it came. */
export interface Received extends Token {
  readonly step: number;
}

/** What was sent in a step. */
export interface SentPacket {
  readonly at: Instant;
  readonly octets: Uint8Array;
  readonly ends: Ends;
  readonly cookie?: Uint8Array;
  readonly echo?: number;
  readonly update?: Update;
  readonly key?: Uint8Array;
}

export class Sender {
  /** What the node gave out, oldest first. */
  readonly tokens: { readonly home: Received[]; readonly careOf: Received[] } = {
    home: [],
    careOf: [],
  };
  readonly #item: Item;
  readonly #steps: readonly Planned[];
  readonly #form: ReleaseForm;
  #sequence = 99;

  constructor(item: Item, steps: readonly Planned[], form: ReleaseForm) {
    this.#item = item;
    this.#steps = steps;
    this.#form = form;
  }

  /** The packet of a step, sent at a moment. `seen` is what came back so far. */
  make(step: PlannedSend, at: Instant, seen: readonly Seen[]): SentPacket {
    const { message, words } = step;
    switch (message) {
      case 'HoTI':
      case 'CoTI': {
        const ends = this.#testEnds(step, message);
        const cookie = Uint8Array.from({ length: 8 }, (_, i) => step.step.n * 16 + i);
        return { at, ends, cookie, octets: testInit(message, ends, cookie, words) };
      }
      case 'EchoRequest': {
        const ends = this.#echoEnds(step);
        const echo = step.step.n;
        return { at, ends, echo, octets: echoRequest(ends, echo, words) };
      }
      case 'BU': {
        const update = this.#update(step);
        const key = keyOf(update, words);
        const octets = bindingUpdate(update, words);
        this.#sequence = update.sequence;
        return { at, ends: update, update, octets, ...(key === undefined ? {} : { key }) };
      }
      default: {
        const last = seen.findLast((one) => layerIn(one, 'routing-type-2'));
        if (last === undefined) throw new NotRun('nothing was sent that could be unreachable');
        const ends = { source: ROUTER_BEHIND, destination: CN1 };
        return { at, ends, octets: unreachable(ROUTER_BEHIND, last.octets) };
      }
    }
  }

  /** A test comes from the address that the next update will want to have proved. */
  #testEnds(step: PlannedSend, kind: 'HoTI' | 'CoTI'): Ends {
    const next = this.#steps
      .slice(this.#steps.indexOf(step))
      .find((one): one is PlannedSend => one.kind === 'send' && one.message === 'BU');
    const asked = next === undefined ? undefined : this.#addresses(next);
    const wanted = kind === 'HoTI' ? asked?.owner : asked?.careOf;
    const usual = kind === 'HoTI' ? HOME : CARE_OF_1;
    const atHome = kind === 'CoTI' && asked?.careOf === asked?.owner;
    const proved = wanted === undefined || !isUnicastRoutable(wanted) || atHome ? usual : wanted;
    const source = step.words.source === undefined ? proved : named(step.words.source);
    const home = step.words.homeOption === true ? { home: HOME } : {};
    return { source, destination: this.#correspondent(step), ...home };
  }

  #correspondent(step: PlannedSend): Address {
    const about = this.#said(step).find((text) => /^CN address \d$/.test(text));
    return about === undefined ? CN1 : named(about);
  }

  /** Addresses that the answer's conditions name, since the step itself does not. */
  #said({ reply }: PlannedSend): string[] {
    const told = (reply?.checks ?? []).flatMap(({ where = [] }) =>
      where.flatMap(({ dst, note }) => [
        String(dst ?? ''),
        /^dst = (.*)$/.exec(String(note))?.[1] ?? '',
        /^src = .*\((CN address \d)\)$/.exec(String(note))?.[1] ?? '',
      ]),
    );
    return [reply?.expected.destination ?? '', ...told].filter((one) => one !== '');
  }

  /** Where the answer is to go, unless that is left to the usual. */
  #answerTo(step: PlannedSend): Address | undefined {
    const names = this.#said(step).filter((one) => !/^CN |AltCoA in BU/.test(one));
    return names.length === 0 ? undefined : named(names[0]!);
  }

  #echoEnds(step: PlannedSend): Ends {
    const { words, reply } = step;
    const answerTo = this.#answerTo(step);
    const away = words.source !== undefined && named(words.source) !== HOME;
    const routed = reply?.expected.routing2 === true && away;
    const option =
      words.homeOption ?? (words.home !== undefined || reply?.expected.message === 'BE' || routed);
    const destination = CN1;
    if (!option) {
      return { source: words.source === undefined ? HOME : named(words.source), destination };
    }
    const note = (reply?.checks ?? [])
      .flatMap(({ where = [] }) => where)
      .map((one) => /^HoA = value in HAO in EchoRequest \((.*)\)$/.exec(String(one.note))?.[1])
      .find((one) => one !== undefined);
    const home = named(words.home ?? note ?? 'HoA');
    const source = words.source === undefined ? (answerTo ?? CARE_OF_1) : named(words.source);
    return { source, destination, home };
  }

  /** The addresses of an update: by its words, by where its answer goes, by the item's title. */
  #addresses(step: PlannedSend) {
    const { words } = step;
    const last = this.#steps.findLast((one) => one.kind === 'send' && one.message === 'BU');
    const fromHome = /from home link/.test(this.#item.about) && step === last;
    const answerTo = this.#answerTo(step);
    const home = words.home === undefined ? HOME : named(words.home);
    const swapped = home === CARE_OF_1;
    const usual = fromHome || swapped || words.homeOption === false ? HOME : CARE_OF_1;
    const source = words.source === undefined ? (answerTo ?? usual) : named(words.source);
    const option = words.homeOption ?? (words.home !== undefined || (source !== HOME && !fromHome));
    const owner = option ? home : source;
    const at = words.alternate;
    const alternate = at === undefined ? undefined : at === 'src' ? source : named(at);
    const careOf = alternate ?? source;
    return {
      source,
      owner,
      careOf,
      ...(option ? { home } : {}),
      ...(alternate === undefined ? {} : { alternate }),
    };
  }

  #update(step: PlannedSend): Update {
    const { words } = step;
    const last = this.#steps.findLast((one) => one.kind === 'send' && one.message === 'BU');
    const released = /deregistration/.test(this.#item.about) && step === last;
    const lifetime = words.lifetime ?? (released ? 0 : DEFAULT_LIFETIME);
    const homeToken = this.#token('home', words.homeReceivedIn);
    const careOfToken = this.#token('careOf', words.careOfReceivedIn);
    return {
      ...this.#addresses(step),
      destination: CN1,
      sequence: words.sequence ?? (this.#sequence + 1) % 0x1_0000,
      lifetime,
      form: this.#form,
      ...(homeToken === undefined ? {} : { homeToken }),
      ...(careOfToken === undefined ? {} : { careOfToken }),
    };
  }

  #token(kind: 'home' | 'careOf', step: number | undefined): Token | undefined {
    const tokens = this.tokens[kind];
    if (step !== undefined) {
      const found = tokens.find((one) => one.step === step);
      if (found === undefined) throw new NotRun(`no token came in step ${step}`);
      return found;
    }
    return usesOlderTokens(this.#item.about) ? (tokens.at(-2) ?? tokens.at(-1)) : tokens.at(-1);
  }
}
