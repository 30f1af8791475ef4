/** One connection of a movable server (`movable-server.ts`), and what its application does with it. */
import type { Address } from '../../wire/address.ts';
import type { Poller, Watch } from '../sys/poller.ts';
import { holdTcp, letGoTcp, serialiseHeld } from '../sys/tcp-repair.ts';
import { closeTcp, endsOf, endTcp, receiveSome, sendSome, type TcpEnd } from '../sys/tcp-socket.ts';
import type { GivenConnection } from './client-state.ts';

/** Reads in a row, so that others have their turn. */
const MAX_READS = 16;

/** What an application does with one connection. */
export interface Session {
  /** Octets came; they are valid during the call. */
  data?(octets: Uint8Array): void;
  /** There is room to write again. */
  writable?(): void;
  /** Nothing more comes. */
  ended?(): void;
  /** It is over; with the name of an error where it did not end well. */
  closed?(error: string | undefined): void;
  /** It goes on elsewhere. */
  moved?(): void;
  /** What the application elsewhere needs to go on. */
  state(): Uint8Array;
}

/** One connection of a movable server. */
export class Connection {
  readonly local: TcpEnd;
  readonly remote: TcpEnd;
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #gone: (one: Connection) => void;
  readonly #into = Buffer.allocUnsafeSlow(1 << 16);
  #session: Session | undefined;
  #state: 'open' | 'held' | 'over' = 'open';
  #wants = { readable: true, writable: false };

  constructor(fd: number, poller: Poller, gone: (one: Connection) => void) {
    const { local, remote } = endsOf(fd);
    this.local = local;
    this.remote = remote;
    this.#fd = fd;
    this.#gone = gone;
    this.#watch = poller.watch(fd, ({ readable, writable, error }) => {
      if (this.#state !== 'open') return;
      if (writable) this.#writable();
      if (readable || error) this.#readable();
    });
  }

  begin(session: Session): void {
    this.#session = session;
  }

  /** Gives octets to the kernel, as many as it takes; `writable` is told when it takes more. */
  write(octets: Uint8Array): number {
    if (this.#state !== 'open') return 0;
    const done = sendSome(this.#fd, octets);
    if (typeof done === 'string' && done !== 'EAGAIN') {
      this.#over(done);
      return 0;
    }
    const taken = typeof done === 'number' ? done : 0;
    if (taken < octets.length) this.#want({ readable: this.#wants.readable, writable: true });
    return taken;
  }

  /** Nothing more is written. */
  end(): void {
    if (this.#state === 'open') endTcp(this.#fd);
  }

  close(): void {
    this.#over(undefined);
  }

  isBetween(local: Address, remote: Address): boolean {
    return this.local.address === local && this.remote.address === remote;
  }

  /** Stops it, as what goes to the other host; undefined: it does not stand, and goes on. */
  hold(): GivenConnection | undefined {
    const held = this.#state === 'open' ? holdTcp(this.#fd) : undefined;
    if (held === undefined) return undefined;
    this.#state = 'held';
    this.#watch.want({});
    const octets = serialiseGiven(serialiseHeld(held), this.#session!.state());
    return { localPort: this.local.port, remotePort: this.remote.port, octets };
  }

  /** It goes on here. */
  letGo(): void {
    if (this.#state !== 'held') return;
    letGoTcp(this.#fd);
    this.#state = 'open';
    this.#watch.want(this.#wants);
    this.#session?.writable?.();
  }

  /** It is elsewhere now: it ends here without a word to the other end. */
  vanish(): void {
    if (this.#state === 'open') holdTcp(this.#fd);
    if (this.#leave()) this.#session?.moved?.();
  }

  #writable(): void {
    this.#want({ readable: this.#wants.readable, writable: false });
    this.#session?.writable?.();
  }

  #readable(): void {
    for (let count = 0; count < MAX_READS && this.#state === 'open'; count++) {
      const done = receiveSome(this.#fd, this.#into);
      if (done === 'EAGAIN') return;
      if (typeof done === 'string') this.#over(done);
      else if (done > 0) this.#session?.data?.(this.#into.subarray(0, done));
      else {
        this.#end();
        return;
      }
    }
  }

  /** The other end has closed; told again when both have, and then it is over. */
  #end(): void {
    if (!this.#wants.readable) {
      this.#over(undefined);
      return;
    }
    this.#want({ readable: false, writable: this.#wants.writable });
    this.#session?.ended?.();
  }

  #want(wants: { readable: boolean; writable: boolean }): void {
    this.#wants = wants;
    if (this.#state === 'open') this.#watch.want(wants);
  }

  #over(error: string | undefined): void {
    if (this.#leave()) this.#session?.closed?.(error);
  }

  #leave(): boolean {
    if (this.#state === 'over') return false;
    this.#state = 'over';
    this.#watch.close();
    closeTcp(this.#fd);
    this.#gone(this);
    return true;
  }
}

/** Length of what the kernel knows, 4 octets; that; what the application says. */
function serialiseGiven(held: Uint8Array, state: Uint8Array): Uint8Array {
  const octets = new Uint8Array(4 + held.length + state.length);
  new DataView(octets.buffer).setUint32(0, held.length);
  octets.set(held, 4);
  octets.set(state, 4 + held.length);
  return octets;
}

export function parseGiven(
  octets: Uint8Array,
): { readonly held: Uint8Array; readonly state: Uint8Array } | undefined {
  if (octets.length < 4) return undefined;
  const end = 4 + new DataView(octets.buffer, octets.byteOffset).getUint32(0);
  if (end > octets.length) return undefined;
  return { held: octets.subarray(4, end), state: octets.subarray(end) };
}
