import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { Dhcpv6Message } from '../../wire/dhcpv6/dhcpv6-message.ts';
import {
  DHCPV6_MESSAGE,
  DHCPV6_STATUS,
  type Dhcpv6MessageName,
} from '../../wire/dhcpv6/dhcpv6-numbers.ts';
import type { Dhcpv6Option, Dhcpv6OptionInput } from '../../wire/dhcpv6/dhcpv6-options.ts';
import { toHex } from '../../wire/hex.ts';
import { nameIn } from '../../wire/numbers.ts';
import type { Dhcpv6ServerConfig } from '../config.ts';
import { maskAddress } from '../neighbor-discovery/router-advertisement.ts';
import { count, forward, type Part, type PartInput, type Received } from '../part.ts';
import type { Environment, LinkAddress, Output } from '../role.ts';
import { after, type Instant, seconds } from '../time.ts';
import {
  ALL_DHCP_SERVERS,
  dhcpv6Entry,
  duidOf,
  optionOf,
  readDhcpv6,
  sameOctets,
  sendDhcpv6,
  tellDhcpv6,
} from './dhcpv6-packets.ts';
import { LeasePool } from './lease-pool.ts';

/** Identity associations answered in one message; further ones are left out. */
const MAX_ASSOCIATIONS = 8;
/** The longest DUID, its type included. Source: RFC 8415 section 11.1. */
const MAX_DUID = 130;
/** T1 and T2 as shares of the preferred lifetime. Source: RFC 8415 section 21.4. */
const T1_SHARE = 0.5;
const T2_SHARE = 0.8;

type Association = Extract<Dhcpv6Option, { option: 'ia-na' }>;
type Answer = Extract<Dhcpv6OptionInput, { option: 'ia-na' }>;

/** Messages that must name the server that they are for, and those that must name none. */
const NAMED: ReadonlySet<string> = new Set(['request', 'renew', 'release', 'decline']);
const UNNAMED: ReadonlySet<string> = new Set(['solicit', 'confirm', 'rebind']);

/**
 * A DHCPv6 server for one link, without relays: leases addresses of one pool.
 *
 *     Solicit -> Advertise, or with Rapid Commit at once Reply        full pool -> NoAddrsAvail
 *     Request, Renew, Rebind, Release, Decline, Confirm, Information-request -> Reply
 *
 * Supported standards: RFC 8415 sections 16 and 18.3 (not Reconfigure, unicast, prefix delegation).
 */
export class Dhcpv6Server implements Part {
  readonly #config: Dhcpv6ServerConfig;
  readonly #random: Environment['random'];
  readonly #pool: LeasePool;
  #linkAddress: LinkAddress | undefined;
  #linkLocal: Address | undefined;

  constructor(config: Dhcpv6ServerConfig, env: Pick<Environment, 'random'>) {
    this.#config = config;
    this.#random = env.random;
    this.#pool = new LeasePool(config.first, config.poolSize);
  }

  /** Leases end by themselves: nothing is to be done then. */
  deadline(): undefined {
    return undefined;
  }

  handle(input: PartInput, now: Instant): Output[] {
    const { link } = this.#config;
    switch (input.kind) {
      case 'start':
        return [
          { kind: 'group', action: 'join', link, group: ALL_DHCP_SERVERS },
          ...forward(dhcpv6Entry('server', link, ALL_DHCP_SERVERS)),
        ];
      case 'link':
        if (input.link === link) this.#linkAddress = input.linkAddress;
        return [];
      case 'address':
        if (input.link === link && isLinkLocal(input.address) && input.present) {
          this.#linkLocal ??= input.address;
        }
        return [];
      case 'received':
        if (input.reason !== 'dhcpv6' || input.link !== link) return [];
        return input.destination === ALL_DHCP_SERVERS ? this.#received(input, now) : [];
      default:
        return [];
    }
  }

  #received(received: Received, now: Instant): Output[] {
    const message = readDhcpv6(received);
    if (message === undefined) return [count('dhcpv6.malformed')];
    const asking = nameIn(DHCPV6_MESSAGE, message.messageType) as Dhcpv6MessageName | undefined;
    const client = optionOf(message, 'client-id')?.duid;
    const ready = this.#linkLocal !== undefined && this.#linkAddress !== undefined;
    if (!ready || asking === undefined || !this.#isForUs(asking, message, client)) {
      return [count('dhcpv6.unexpected')];
    }
    const told = tellDhcpv6(received, message);
    const answer = this.#answer(asking, message, toHex(client ?? new Uint8Array()), now);
    if (answer === undefined) return [told];
    const { name, options, outputs } = answer;
    return [
      told,
      ...outputs,
      ...sendDhcpv6({
        from: 'server',
        link: this.#config.link,
        source: this.#linkLocal!,
        destination: received.source,
        to: received.from,
        message: name,
        transactionId: message.transactionId,
        options: [
          ...(client === undefined ? [] : [{ option: 'client-id', duid: client } as const]),
          { option: 'server-id', duid: this.#duid() },
          ...options,
        ],
      }),
    ];
  }

  /** Source: RFC 8415 section 16. */
  #isForUs(
    asking: Dhcpv6MessageName,
    message: Dhcpv6Message,
    client: Uint8Array | undefined,
  ): boolean {
    const server = optionOf(message, 'server-id')?.duid;
    if (asking === 'informationRequest') {
      return server === undefined || sameOctets(server, this.#duid());
    }
    if (client === undefined || client.length < 3 || client.length > MAX_DUID) return false;
    if (NAMED.has(asking)) return sameOctets(server, this.#duid());
    return UNNAMED.has(asking) && server === undefined;
  }

  /** Undefined: the message gets no answer. */
  #answer(
    asking: Dhcpv6MessageName,
    message: Dhcpv6Message,
    client: string,
    now: Instant,
  ):
    | {
        readonly name: 'advertise' | 'reply';
        readonly options: Dhcpv6OptionInput[];
        readonly outputs: Output[];
      }
    | undefined {
    const all = message.options.filter((one): one is Association => one.option === 'ia-na');
    const associations = all.slice(0, MAX_ASSOCIATIONS);
    const outputs: Output[] = [];
    const each = (make: (ia: Association, key: string) => Answer | undefined) =>
      associations.flatMap((ia) => make(ia, `${client}/${ia.iaid}`) ?? []);
    switch (asking) {
      case 'solicit': {
        const quick = this.#config.rapidCommit && optionOf(message, 'rapid-commit') !== undefined;
        const room = each((ia, key) => this.#offered(ia, key, now, outputs));
        const served = room.some((ia) => addressOfAssociation(ia) !== undefined);
        if (!quick || !served) return { name: 'advertise', options: room, outputs };
        const leased = each((ia, key) => this.#leased(ia, key, now, outputs));
        return { name: 'reply', options: [{ option: 'rapid-commit' }, ...leased], outputs };
      }
      case 'request': {
        const leased = each((ia, key) => this.#leased(ia, key, now, outputs));
        return { name: 'reply', options: leased, outputs };
      }
      case 'renew':
      case 'rebind': {
        const renewed = each((ia, key) => this.#renewed(asking, ia, key, now, outputs));
        if (renewed.length === 0) return undefined;
        return { name: 'reply', options: renewed, outputs };
      }
      case 'confirm': {
        const addresses = associations.flatMap((ia) => addressOfAssociation(ia) ?? []);
        if (addresses.length === 0) return undefined;
        const status = addresses.every((one) => this.#isHere(one)) ? 'success' : 'notOnLink';
        return { name: 'reply', options: [statusOption(status)], outputs };
      }
      case 'release':
      case 'decline': {
        const unknown = each((ia, key) => this.#ended(asking, ia, key, now));
        return { name: 'reply', options: [statusOption('success'), ...unknown], outputs };
      }
      case 'informationRequest':
        return { name: 'reply', options: [], outputs };
      default:
        return undefined;
    }
  }

  /** What the client could have. Source: RFC 8415 section 18.3.9. */
  #offered({ iaid, ...ia }: Association, key: string, now: Instant, outputs: Output[]): Answer {
    const address = this.#pool.offer(key, addressOfAssociation(ia), now);
    if (address !== undefined) return this.#grant(iaid, address);
    outputs.push(count('dhcpv6.no_address'));
    return refusal(iaid, 'noAddrsAvail');
  }

  #leased(ia: Association, key: string, now: Instant, outputs: Output[]): Answer {
    const answer = this.#offered(ia, key, now, outputs);
    const address = addressOfAssociation(answer);
    if (address === undefined) return answer;
    this.#pool.lease(key, address, after(now, this.#config.validLifetime));
    outputs.push(count('dhcpv6.leased'));
    return answer;
  }

  /** Source: RFC 8415 sections 18.3.4 and 18.3.5. */
  #renewed(
    asking: 'renew' | 'rebind',
    ia: Association,
    key: string,
    now: Instant,
    outputs: Output[],
  ): Answer | undefined {
    const address = this.#pool.of(key, now);
    if (address !== undefined) return this.#leased(ia, key, now, outputs);
    const wanted = addressOfAssociation(ia);
    if (wanted !== undefined && !this.#isHere(wanted)) {
      const gone = { option: 'ia-address', address: wanted } as const;
      return { option: 'ia-na', iaid: ia.iaid, options: [gone] };
    }
    // A rebinding client asks all servers: another one may know it.
    return asking === 'renew' ? refusal(ia.iaid, 'noBinding') : undefined;
  }

  /** Source: RFC 8415 sections 18.3.7 and 18.3.8. */
  #ended(
    asking: 'release' | 'decline',
    ia: Association,
    key: string,
    now: Instant,
  ): Answer | undefined {
    const address = addressOfAssociation(ia);
    const until = after(now, this.#config.validLifetime);
    const known =
      address !== undefined &&
      (asking === 'release'
        ? this.#pool.release(key, address, now)
        : this.#pool.quarantine(key, address, until, now));
    return known ? undefined : refusal(ia.iaid, 'noBinding');
  }

  /** The moment of renewal is drawn, so that clients that came together do not come back so. */
  #grant(iaid: number, address: Address): Answer {
    const validLifetime = Math.floor(this.#config.validLifetime / seconds(1));
    const preferredLifetime = Math.floor(this.#config.preferredLifetime / seconds(1));
    const t1 = Math.max(1, Math.floor(preferredLifetime * T1_SHARE * (0.8 + 0.2 * this.#random())));
    const t2 = Math.max(t1, Math.floor(preferredLifetime * T2_SHARE));
    const leased = { option: 'ia-address', address, preferredLifetime, validLifetime } as const;
    return { option: 'ia-na', iaid, t1, t2, options: [leased] };
  }

  #isHere(address: Address): boolean {
    return maskAddress(address, this.#config.prefixLength) === this.#config.prefix;
  }

  #duid(): Uint8Array {
    return duidOf(this.#linkAddress!);
  }
}

const statusOption = (name: keyof typeof DHCPV6_STATUS) =>
  ({ option: 'status-code', status: DHCPV6_STATUS[name] }) as const;

const refusal = (iaid: number, name: keyof typeof DHCPV6_STATUS): Answer => ({
  option: 'ia-na',
  iaid,
  options: [statusOption(name)],
});

function addressOfAssociation({ options = [] }: Pick<Answer, 'options'>): Address | undefined {
  for (const one of options) if (one.option === 'ia-address') return one.address;
  return undefined;
}
