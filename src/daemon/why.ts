/**
 * `careof why ADDRESS`: in sentences, which binding and which entry carry packets to an address, what
 * was last proved, how long it holds and what happens next.
 */
import type { Binding } from '../core/bindings/binding-cache.ts';
import type { EntryStatus } from '../linux/node-status.ts';
import { type Address, formatAddress } from '../wire/address.ts';
import { secondsSince, secondsTo } from './bindings.ts';
import type { Daemon } from './daemon.ts';
import { actionText, endText } from './flows.ts';
import { pairKey } from './ledger.ts';
import { words } from './problems.ts';
import { sessionSentences } from './providers.ts';
import { holdersOf, serviceConfigOf, serviceSentences } from './services.ts';

export interface WhyJson {
  readonly to: string;
  readonly sentences: readonly string[];
  /** The entries that were looked at, by their ids. */
  readonly entries: readonly string[];
}

export function whyOf(daemon: Daemon, to: Address): WhyJson {
  const { ledger, node } = daemon;
  const entries = node.entries().filter(({ entry }) => concerns(entry.match, to));
  // An address of several servers is not away: each of them is somewhere.
  const shared = serviceConfigOf(daemon.host.config)?.service === to;
  const bindings = shared ? [] : [...(daemon.role?.inspect?.().bindings ?? [])];
  const binding = bindings.find(({ home }) => home === to);
  const sentences = [
    ...(binding === undefined ? [] : bindingSentences(daemon, binding)),
    ...sessionSentences(daemon, to),
    ...serviceSentences(daemon, to),
    ...[...ledger.homes].flatMap((home) => ownSentences(daemon, home, to)),
    ...pathSentences(entries),
  ];
  if (sentences.length === 0) {
    sentences.push(
      `Nothing here is told of ${formatAddress(to)}: packets go by the host's own routes, unchanged.`,
    );
  }
  return { to: formatAddress(to), sentences, entries: entries.map(({ entry }) => entry.id) };
}

/** Somebody told this node where the address is. */
function bindingSentences({ clock }: Daemon, binding: Binding): string[] {
  const now = clock.now();
  const [home, careOf] = [formatAddress(binding.home), formatAddress(binding.careOf)];
  const left = secondsTo(binding.expiresAt, now);
  const who = binding.scope === 'home' ? 'This home agent serves it' : 'It proved both addresses';
  return [
    `${home} is away, at the care-of address ${careOf}.`,
    `${who}: update number ${binding.sequence} was for ${binding.lifetime / 1e6} s, of which ${left} s are left.`,
    `Without another update the binding ends then, and packets go to ${home} itself again.`,
  ];
}

/** Where this node itself is with its home address, and what the other end knows of that. */
function ownSentences(daemon: Daemon, home: Address, to: Address): string[] {
  const { ledger, clock } = daemon;
  const now = clock.now();
  const name = formatAddress(to);
  const isService = serviceConfigOf(daemon.host.config)?.service === home;
  if (to === home) return isService ? [] : [`${name} is this node's own home address.`];
  const link = ledger.atHome.get(home);
  if (link !== undefined) {
    return [
      `${formatAddress(home)} is at home on ${link}: nothing special is done to its packets.`,
    ];
  }
  const { agent } = ledger;
  const held = ledger.registrations.get(pairKey(home, to));
  const sentences: string[] = [];
  if (held?.until !== undefined && held.until > now) {
    const since = secondsSince(held.acceptedAt ?? now, now);
    const left = secondsTo(held.until, now);
    const hands = holdersOf(daemon).includes(to);
    const plain = to === agent ? 'The home agent' : name;
    const role = hands ? `${name}, which hands clients out,` : plain;
    sentences.push(
      `${role} knows that ${formatAddress(home)} is at ${formatAddress(held.careof)}: it accepted that ${since} s ago, and holds it for ${left} s more.`,
      'It is told again before that, or at once when this node moves.',
    );
  }
  const proof = ledger.proofs.get(to);
  if (proof !== undefined) {
    const took = Math.round(proof.took / 100) / 10;
    sentences.push(
      `Both addresses were proved to it ${secondsSince(proof.at, now)} s ago by Home Test and Care-of Test (${took} ms).`,
    );
  }
  sentences.push(...troubles(daemon, home, to));
  return sentences;
}

function troubles({ ledger, clock }: Daemon, home: Address, to: Address): string[] {
  const now = clock.now();
  const path = ledger.paths.get(pairKey(home, to));
  const unaware = ledger.unaware.get(to);
  const silence = ledger.silences.get(to);
  const trouble = ledger.registrations.get(pairKey(home, to))?.trouble;
  const ago = (at: Parameters<typeof secondsSince>[0]) => `${secondsSince(at, now)} s ago`;
  return [
    ...(path?.reason === undefined
      ? []
      : [`Its path became ${path.path} ${ago(path.since)}: ${path.reason}.`]),
    ...(unaware === undefined
      ? []
      : [
          `It knows nothing of Mobile IPv6 (${unaware.reason}, ${ago(unaware.at)}): packets go by the home agent.`,
        ]),
    ...(silence === undefined
      ? []
      : [
          `${silence.count} Binding Updates to it since ${ago(silence.since)} are unanswered; the last was ${ago(silence.last)}, and the wait doubles up to 32 s.`,
        ]),
    ...(trouble === undefined
      ? []
      : [`What went wrong last, ${ago(trouble.at)}: ${words(trouble.text)}.`]),
  ];
}

function pathSentences(entries: readonly EntryStatus[]): string[] {
  return entries
    .filter(({ entry }) => entry.do.every((action) => !('divert' in action)))
    .map(({ entry, use, carriedBy }) => {
      const actions = entry.do.filter((one) => !('notify' in one)).map(actionText);
      const by = carriedBy === 'kernel' ? 'the kernel' : 'this process';
      const [from, to] = [endText(entry, 'src'), endText(entry, 'dst')];
      return `${entry.at === 'leaving' ? 'What leaves' : 'What arrives'} from ${from} to ${to}: ${actions.join(', then ') || 'nothing is done to it'} (${use.packets} packets, ${use.octets} octets so far, by ${by}; entry ${entry.id}).`;
    });
}

/** Is an entry about packets to or from the address? */
function concerns(match: EntryStatus['entry']['match'], address: Address): boolean {
  const ends = [match.dst, match.src].filter((end) => end !== undefined);
  const whole = ends.some((end) => end.length === undefined && end.address === address);
  return (
    whole || match.home === address || match.innerSrc === address || match.innerDst === address
  );
}
