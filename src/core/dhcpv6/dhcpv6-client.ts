import type { Address } from '../../wire/address.ts';
import type { Dhcpv6Message } from '../../wire/dhcpv6/dhcpv6-message.ts';
import { DHCPV6_MESSAGE, DHCPV6_OPTION, DHCPV6_STATUS } from '../../wire/dhcpv6/dhcpv6-numbers.ts';
import type { Dhcpv6OptionInput } from '../../wire/dhcpv6/dhcpv6-options.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, type Received, unforward } from '../part.ts';
import type { LinkAddress, Output } from '../role.ts';
import { type Duration, type Instant, seconds, sooner } from '../time.ts';
import {
  ALL_DHCP_SERVERS,
  dhcpv6Entry,
  duidOf,
  iaidOf,
  optionOf,
  readDhcpv6,
  sameOctets,
  sendDhcpv6,
  tellDhcpv6,
} from './dhcpv6-packets.ts';
import { type Asking, Exchange } from './exchange.ts';
import { grantedBy, type Lease } from './lease.ts';

/** A server with this preference is taken at once. Source: RFC 8415 section 18.2.1. */
const BEST_PREFERENCE = 255;
/** Bounds of what a server may set as the longest wait. Source: RFC 8415 section 21.24. */
const MAX_WAIT_BOUNDS = { least: 60, most: 86_400 };

/** What has become of the lease. */
export interface LeaseNews {
  readonly outputs: Output[];
  /** The address may be used, once it is known to be nobody else's. */
  readonly leased?: Lease;
  /** It is in use and may be so for longer. */
  readonly renewed?: Lease;
  /** It may be used no more. */
  readonly lost?: Address;
}

/** Messages that go to one server, named in them. Source: RFC 8415 section 16. */
const TO_ONE_SERVER: ReadonlySet<Asking> = new Set(['request', 'renew', 'release', 'decline']);

/**
 * A DHCPv6 client for one address on one interface.
 *
 *     begin -> Solicit -> (Advertise -> Request ->) Reply -> leased -> T1: Renew -> T2: Rebind -> lost
 *     link down, then begin where the last lease came from -> Confirm -> leased, or Solicit
 *     the address is somebody's -> Decline -> Solicit        left with the link up -> Release
 *
 * DUID and IAID come from the interface's link address, so they last as long as the hardware.
 *
 * Supported standards: RFC 8415 sections 6.2, 15, 16, 18.2 (not Information-request, Reconfigure,
 * prefix delegation).
 */
export class Dhcpv6Client {
  readonly #link: string;
  readonly #state: NodeState;
  #linkAddress: LinkAddress | undefined;
  #linkLocal: Address | undefined;
  #exchange: Exchange | undefined;
  /** The best advertisement so far. */
  #best: { readonly lease: Lease; readonly preference: number } | undefined;
  #lease: Lease | undefined;
  /** Is the lease in use, or only remembered from before the link went down? */
  #inUse = false;
  #longestWait: Duration | undefined;

  constructor(link: string, state: NodeState) {
    this.#link = link;
    this.#state = state;
  }

  /** Our link-local address: the source of all that is asked. */
  setLinkLocal(address: Address | undefined): void {
    this.#linkLocal = address;
  }

  setLinkAddress(address: LinkAddress): void {
    this.#linkAddress = address;
  }

  /** The network is out of reach: an exchange is void, and a lease only a memory. */
  pause(): Output[] {
    const asking = this.#exchange?.asking;
    const given = asking === 'release' || asking === 'decline';
    if (given || (asking === 'request' && !this.#inUse)) this.#lease = undefined;
    this.#inUse = false;
    return this.#over();
  }

  /**
   * An address is wanted. `isHere` says whether the last lease's address belongs to this network: if
   * so it is confirmed, else forgotten. Does nothing where an address is leased or being asked for.
   */
  begin(isHere: (address: Address) => boolean, now: Instant): void {
    if (this.#linkAddress === undefined || this.#inUse) return;
    if (this.#exchange?.asking === 'release') this.#lease = undefined;
    else if (this.#exchange !== undefined) return;
    const lease = this.#lease;
    const holds = lease !== undefined && now < lease.validUntil;
    this.#lease = holds && isHere(lease.address) ? lease : undefined;
    this.#ask(this.#lease === undefined ? 'solicit' : 'confirm', now);
  }

  /** The address is wanted no more while the link is still there. Source: RFC 8415 section 18.2.7. */
  release(now: Instant): Output[] {
    if (!this.#inUse) return this.pause();
    this.#inUse = false;
    this.#ask('release', now);
    return this.tick(now).outputs;
  }

  /** Somebody else has the address. Source: RFC 8415 section 18.2.8. */
  decline(address: Address, now: Instant): Output[] {
    if (!this.#inUse || this.#lease?.address !== address) return [];
    this.#inUse = false;
    this.#ask('decline', now);
    return this.tick(now).outputs;
  }

  deadline(): Instant | undefined {
    const asking = this.#linkLocal === undefined ? undefined : this.#exchange?.deadline();
    if (!this.#inUse || this.#lease === undefined) return asking;
    const { renewAt, rebindAt, validUntil } = this.#lease;
    const next = this.#exchange === undefined ? sooner(renewAt, rebindAt) : undefined;
    return sooner(asking, sooner(next, validUntil));
  }

  tick(now: Instant): LeaseNews {
    const lease = this.#inUse ? this.#lease : undefined;
    if (lease !== undefined && now >= lease.validUntil) return this.#lost(now);
    if (lease !== undefined && this.#exchange === undefined) {
      const rebind = now >= lease.rebindAt;
      if (rebind || now >= lease.renewAt) this.#ask(rebind ? 'rebind' : 'renew', now);
    }
    return this.#pursue(now);
  }

  /** Sends what is due. */
  #pursue(now: Instant): LeaseNews {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#linkLocal === undefined) return { outputs: [] };
    // The first wait of a Solicit is over: the best of those that answered it is asked.
    const waited = exchange.deadline() !== undefined && now >= exchange.deadline()!;
    if (waited && this.#best !== undefined && exchange.asking === 'solicit') {
      return this.#request(this.#best.lease, now);
    }
    const due = exchange.due(now);
    if (due === 'send') return { outputs: this.#send(exchange, now) };
    return due === 'failed' ? this.#failed(exchange.asking, now) : { outputs: [] };
  }

  #failed(asking: Asking, now: Instant): LeaseNews {
    switch (asking) {
      case 'confirm':
        // RFC 8415 section 18.2.3: nobody objected, so it is used as long as it was good for.
        return this.#use(this.#lease!);
      case 'renew':
        this.#ask('rebind', now);
        return this.#pursue(now);
      case 'rebind':
        this.#exchange = undefined;
        return { outputs: [] };
      case 'release':
        return { outputs: this.pause() };
      default:
        if (this.#inUse) return this.#lost(now);
        this.#lease = undefined;
        this.#ask('solicit', now);
        return this.#pursue(now);
    }
  }

  received(received: Received, now: Instant): LeaseNews {
    if (received.reason !== 'dhcpv6' || received.link !== this.#link) return { outputs: [] };
    if (received.destination !== this.#linkLocal) return { outputs: [] };
    const message = readDhcpv6(received);
    if (message === undefined) return { outputs: [count('dhcpv6.malformed')] };
    const server = this.#answers(message);
    if (server === undefined) return { outputs: [count('dhcpv6.unexpected')] };
    const told = [tellDhcpv6(received, message)];
    this.#heed(message);
    const { random } = this.#state.env;
    const { status, lease } = grantedBy(message, server, this.#iaid(), random, now);
    const refused = status === DHCPV6_STATUS.success ? [] : [count('dhcpv6.refused')];
    const outputs = [...told, ...refused];
    const after =
      message.messageType === DHCPV6_MESSAGE.advertise
        ? this.#advertised(message, lease, now)
        : this.#replied(status, lease, now);
    return { ...after, outputs: [...outputs, ...after.outputs] };
  }

  /** The server's DUID where the message answers what we asked. Source: RFC 8415 section 16. */
  #answers(message: Dhcpv6Message): Uint8Array | undefined {
    const exchange = this.#exchange;
    const server = optionOf(message, 'server-id')?.duid;
    const ours = sameOctets(optionOf(message, 'client-id')?.duid, this.#duid());
    if (exchange === undefined || exchange.sent === 0 || server === undefined || !ours) {
      return undefined;
    }
    if (message.transactionId !== exchange.transactionId) return undefined;
    const { asking } = exchange;
    if (message.messageType === DHCPV6_MESSAGE.advertise) {
      return asking === 'solicit' ? server : undefined;
    }
    if (message.messageType !== DHCPV6_MESSAGE.reply) return undefined;
    // A Reply to a Solicit must say that it is one. Source: RFC 8415 section 18.2.1.
    const quick = optionOf(message, 'rapid-commit') !== undefined;
    if (asking === 'solicit' && !quick) return undefined;
    const asked = TO_ONE_SERVER.has(asking) ? this.#lease?.server : server;
    return sameOctets(asked, server) ? server : undefined;
  }

  /** A server may ask for fewer Solicits. Source: RFC 8415 section 21.24. */
  #heed(message: Dhcpv6Message): void {
    const option = optionOf(message, 'sol-max-rt');
    const { least, most } = MAX_WAIT_BOUNDS;
    if (option === undefined || option.value < least || option.value > most) return;
    this.#longestWait = seconds(option.value);
  }

  #advertised(message: Dhcpv6Message, lease: Lease | undefined, now: Instant): LeaseNews {
    if (lease === undefined) return { outputs: [] };
    const preference = optionOf(message, 'preference')?.preference ?? 0;
    if (this.#best === undefined || preference > this.#best.preference) {
      this.#best = { lease, preference };
    }
    const waiting = this.#exchange!.sent === 1;
    if (waiting && preference < BEST_PREFERENCE) return { outputs: [] };
    return this.#request(this.#best.lease, now);
  }

  #request(lease: Lease, now: Instant): LeaseNews {
    this.#lease = lease;
    this.#ask('request', now);
    return this.#pursue(now);
  }

  /** Source: RFC 8415 section 18.2.10. */
  #replied(status: number, lease: Lease | undefined, now: Instant): LeaseNews {
    const { asking } = this.#exchange!;
    switch (asking) {
      case 'release':
        return { outputs: this.pause() };
      case 'decline':
        return this.#failed(asking, now);
      case 'confirm':
        if (status === DHCPV6_STATUS.success) return this.#use(this.#lease!);
        return this.#failed('solicit', now);
      case 'renew':
      case 'rebind':
        // The server has lost the lease, not the address: RFC 8415 section 18.2.10.1.
        if (status === DHCPV6_STATUS.noBinding) return this.#request(this.#lease!, now);
        if (status === DHCPV6_STATUS.unspecFail) return { outputs: [] };
        if (lease?.address !== this.#lease!.address) return this.#lost(now);
        return this.#use(lease);
      default:
        if (lease !== undefined) return this.#use(lease);
        if (status === DHCPV6_STATUS.unspecFail || asking === 'solicit') return { outputs: [] };
        return this.#failed('request', now);
    }
  }

  #use(lease: Lease): LeaseNews {
    const renewed = this.#inUse && this.#lease?.address === lease.address;
    const before = this.#inUse && !renewed ? this.#lease?.address : undefined;
    this.#lease = lease;
    this.#inUse = true;
    this.#exchange = undefined;
    this.#best = undefined;
    if (renewed) return { outputs: [], renewed: lease };
    return {
      outputs: [],
      leased: lease,
      ...(before === undefined ? {} : { lost: before }),
    };
  }

  #lost(now: Instant): LeaseNews {
    const lost = this.#lease!.address;
    this.#inUse = false;
    this.#lease = undefined;
    this.#ask('solicit', now);
    return { outputs: [], lost };
  }

  #ask(asking: Asking, now: Instant): void {
    const { env, constants } = this.#state;
    const [a, b, c] = env.secrets(3);
    const transactionId = (a! << 16) | (b! << 8) | c!;
    if (asking === 'solicit') this.#best = undefined;
    const until = { renew: this.#lease?.rebindAt, rebind: this.#lease?.validUntil };
    this.#exchange = new Exchange(
      asking,
      {
        transactionId,
        constants,
        random: env.random,
        repeats: !env.without.has('retransmission'),
        longest: asking === 'solicit' ? this.#longestWait : undefined,
        until: asking === 'renew' || asking === 'rebind' ? until[asking] : undefined,
      },
      now,
    );
  }

  #over(): Output[] {
    this.#exchange = undefined;
    this.#best = undefined;
    return unforward(`dhcpv6/client/${this.#link}`);
  }

  #send(exchange: Exchange, now: Instant): Output[] {
    const { asking, transactionId, sent } = exchange;
    return [
      ...forward(dhcpv6Entry('client', this.#link, this.#linkLocal!)),
      count('dhcpv6.sent'),
      ...(sent > 1 ? [count('dhcpv6.retransmitted')] : []),
      ...sendDhcpv6({
        from: 'client',
        link: this.#link,
        source: this.#linkLocal!,
        destination: ALL_DHCP_SERVERS,
        message: asking,
        transactionId,
        options: this.#options(exchange, now),
      }),
    ];
  }

  /** Source: RFC 8415 sections 18.2.1 to 18.2.8. */
  #options(exchange: Exchange, now: Instant): Dhcpv6OptionInput[] {
    const { asking } = exchange;
    const options: Dhcpv6OptionInput[] = [{ option: 'client-id', duid: this.#duid() }];
    const lease = this.#lease;
    if (TO_ONE_SERVER.has(asking)) options.push({ option: 'server-id', duid: lease!.server });
    options.push({ option: 'elapsed-time', elapsedTime: exchange.elapsed(now) });
    if (asking === 'solicit') options.push({ option: 'rapid-commit' });
    if (asking !== 'confirm' && asking !== 'release' && asking !== 'decline') {
      options.push({ option: 'option-request', codes: [DHCPV6_OPTION.solMaxRt] });
    }
    options.push({
      option: 'ia-na',
      iaid: this.#iaid(),
      options: asking === 'solicit' ? [] : [{ option: 'ia-address', address: lease!.address }],
    });
    return options;
  }

  #duid(): Uint8Array {
    return duidOf(this.#linkAddress!);
  }

  #iaid(): number {
    return iaidOf(this.#linkAddress!);
  }
}
