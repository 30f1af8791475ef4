/** Receives a stream of which another server may receive the rest: each gives a digest of its stretch. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MovableServer } from '../../../linux/connections/movable-server.ts';
import type { Reporter } from './reporter.ts';

/** The daemon of the host starts beside us. */
const AGAIN_MS = 50;
const TRIES = 600;

export async function receiveMovable(
  flow: string,
  port: number,
  folder: string,
  reporter: () => Reporter | undefined,
): Promise<void> {
  const control = join(folder, 'control.sock');
  for (let tries = 1; ; tries++) {
    try {
      await MovableServer.open({
        ...{ port, control },
        application: (connection, state) => {
          const stretch = new Stretch(flow, state, reporter);
          return {
            data: (octets) => stretch.add(octets),
            ended: () => {
              stretch.tell(true);
              connection.end();
            },
            moved: () => stretch.tell(false),
            closed: (error) => error !== undefined && reporter()?.tell({ flow, failed: error }),
            state: () => stretch.state(),
          };
        },
      });
      return;
    } catch (cause) {
      if (tries === TRIES) throw cause;
      await wait(AGAIN_MS);
    }
  }
}

class Stretch {
  readonly #flow: string;
  readonly #reporter: () => Reporter | undefined;
  readonly #from: number;
  readonly #hash = createHash('sha256');
  #size = 0;

  /** @param state where it begins in the stream, as the server before us has said. */
  constructor(flow: string, state: Uint8Array | undefined, reporter: () => Reporter | undefined) {
    this.#flow = flow;
    this.#reporter = reporter;
    this.#from = state === undefined ? 0 : Number(Buffer.from(state).readBigUInt64BE());
  }

  add(octets: Uint8Array): void {
    this.#reporter()?.received(this.#flow, octets.length);
    this.#hash.update(octets);
    this.#size += octets.length;
  }

  state(): Uint8Array {
    const state = Buffer.alloc(8);
    state.writeBigUInt64BE(BigInt(this.#from + this.#size));
    return state;
  }

  tell(last: boolean): void {
    const digest = this.#hash.digest('hex');
    const stretch = { from: this.#from, size: this.#size, digest, last };
    this.#reporter()?.tell({ flow: this.#flow, stretch });
  }
}
