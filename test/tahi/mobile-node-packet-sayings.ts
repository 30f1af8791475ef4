/** What the mobile node items' conditions say of any packet, and of several together. */
import { between, seconds } from '../../src/core/time.ts';
import { type Address, isLinkLocal } from '../../src/wire/address.ts';
import { walkHeaders } from '../../src/wire/walk.ts';
import { layerIn, type Seen, UNDER_TEST } from './bench.ts';
import { demand } from './conditions.ts';
import { NotRun } from './items.ts';
import { HOME, HOME_AGENT, named, ROUTERS } from './mobile-node-addresses.ts';
import {
  careOf,
  inner,
  type Judging,
  outer,
  routing,
  type Saying,
  type State,
  same,
  update,
} from './mobile-node-judging.ts';
import { homeOption } from './mobile-node-memory.ts';

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
  const { invoking = new Uint8Array(), pointer } = problem ?? {};
  const quoted = judging.memory.happened.find(
    ({ seen, octets }) =>
      seen === undefined &&
      invoking.length >= 40 &&
      invoking.every((octet, i) => octet === octets[i]),
  );
  demand(quoted !== undefined, 'it does not quote what was sent');
  same(pointer, walkHeaders(quoted!.octets)!.upperAt + offset, 'the pointer');
}

const targetOf = ({ seen }: Judging): Address | undefined =>
  (layerIn(seen, 'neighbor-solicitation') ?? layerIn(seen, 'neighbor-advertisement'))
    ?.targetAddress;
const advertised = ({ seen }: Judging) => layerIn(seen, 'neighbor-advertisement');

export const PACKET_SAYINGS: readonly Saying[] = [
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
  [
    /^InitialBindackTimeoutFirstReg seconds pass before sending a BU to next home agent$/,
    ({ seen, memory }) => {
      const before = memory.lastSeen('BU');
      if (before === undefined) throw new NotRun('nobody was asked before');
      demand(between(before.at, seen.at) >= seconds(1.5), 'the next home agent is asked too soon');
    },
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
