import type { Address } from '../../wire/address.ts';
import type { ServiceConfig } from '../config.ts';
import { PacketView } from '../forwarding/packet-view.ts';
import { quotedPacket } from '../forwarding/quoted.ts';
import { count, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { type Instant, milliseconds } from '../time.ts';
import { type Clients, SELF } from './clients/clients.ts';
import type { Member } from './member.ts';
import { serviceFor } from './service-addresses.ts';

/** An error quotes the packet that it is about behind these octets (RFC 4443 section 3, RFC 792). */
const ERROR_HEADER = 8;
/** Errors that go to every server, no more often than this: anybody can forge them. */
const INTERVAL = milliseconds(10);
const AT_ONCE = 100;

/** How an error gets to servers. */
interface Passing {
  pass(octets: Uint8Array, member: Member): Output[];
  toOthers(octets: Uint8Array): Output[];
}

/**
 * Errors about what servers of an address have sent to their clients: routers on the path tell whoever is nearest
 * to them under that address. They go to the server of the client, so that its programs send what the
 * path carries; whoever tells of an error is no client.
 *
 * Supported standards: after RFC 7690 section 2.
 */
export class PathErrors {
  readonly #config: ServiceConfig;
  readonly #clients: Clients;
  readonly #passing: Passing;
  readonly #limit = new RateLimit(INTERVAL, AT_ONCE);

  constructor(config: ServiceConfig, clients: Clients, passing: Passing) {
    this.#config = config;
    this.#clients = clients;
    this.#passing = passing;
  }

  /** One that nobody but the control side has. */
  diverted(view: PacketView): Output[] {
    const client = this.#clientOf(view);
    const member = client && this.#clients.memberOf(client);
    if (member === undefined) return [count('service.error_ignored')];
    return [count('service.error_passed_on'), ...this.#passing.pass(view.octets, member)];
  }

  /** One that the kernel has too, for what this node has sent itself. */
  overheard({ octets, tunnel }: Received, now: Instant): Output[] {
    const view = new PacketView(octets);
    // What another server passed on is passed on no further.
    if (!view.isError || tunnel !== undefined) return [];
    const client = this.#clientOf(view);
    if (client === undefined) return [count('service.error_ignored')];
    const member = this.#clients.memberOf(client);
    if (member?.registrant === SELF) return [];
    const passed =
      member === undefined ? this.#toOthers(octets, now) : this.#passing.pass(octets, member);
    if (passed.length === 0) return [count('service.error_ignored')];
    return [count('service.error_passed_on'), ...passed];
  }

  #toOthers(octets: Uint8Array, now: Instant): Output[] {
    return this.#limit.take(now) ? this.#passing.toOthers(octets) : [];
  }

  /** Whom the packet was for that an error is about; undefined: it did not come from the service address. */
  #clientOf({ octets, walk }: PacketView): Address | undefined {
    const quoted = quotedPacket(octets.subarray(walk!.upperAt + ERROR_HEADER));
    if (quoted === undefined) return undefined;
    const { source, destination } = quoted;
    return source === serviceFor(destination, this.#config) ? destination : undefined;
  }
}
