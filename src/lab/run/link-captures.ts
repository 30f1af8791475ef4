/** One capture file for each link, with every frame that was given to it, as the wire carries it. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Instant } from '../../core/time.ts';
import type { Frame, Link } from '../../sim/index.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { parsePacket } from '../../wire/packet.ts';
import { summarise } from '../../wire/summary.ts';
import { walkHeaders } from '../../wire/walk.ts';
import { pcapngFrame, pcapngHead } from '../capture/pcapng-writer.ts';

/** Frames are written out together when so many octets wait. */
const WRITE_SIZE = 1 << 18;

export class LinkCaptures {
  readonly files: string[] = [];
  readonly #captures: LinkCapture[] = [];

  /** Opens the files. Throws where the folder cannot be made or written to. */
  constructor(folder: string, links: ReadonlyMap<string, Link>, epoch: number) {
    mkdirSync(folder, { recursive: true });
    for (const [name, link] of links) {
      const path = join(folder, `${name}.pcapng`);
      this.files.push(path);
      this.#captures.push(new LinkCapture(path, name, link, epoch));
    }
  }

  close(): void {
    for (const capture of this.#captures) capture.close();
  }
}

class LinkCapture {
  readonly #file: number;
  readonly #epoch: number;
  #waiting: Uint8Array[] = [];
  #size = 0;
  /** The newest frame: what becomes of it on the link is known a moment later. */
  #newest: { readonly frame: Frame; readonly at: Instant; readonly lost?: string } | undefined;
  /** The same frame as the link knows it. */
  #original: Frame | undefined;

  constructor(path: string, name: string, link: Link, epoch: number) {
    this.#file = openSync(path, 'w');
    this.#epoch = epoch;
    this.#put(pcapngHead(name));
    link.observe({
      sent: (frame, at) => {
        this.#flushNewest();
        // The octets may change on their way.
        this.#newest = { frame: { ...frame, octets: frame.octets.slice() }, at };
        this.#original = frame;
      },
      lost: (frame, _at, _sender, reason) => {
        if (frame !== this.#original || this.#newest === undefined) return;
        // Larger than the link: it never was on the wire.
        if (reason === 'mtu') this.#newest = undefined;
        else this.#newest = { ...this.#newest, lost: reason };
        this.#original = undefined;
      },
    });
  }

  close(): void {
    this.#flushNewest();
    this.#write();
    closeSync(this.#file);
  }

  #flushNewest(): void {
    if (this.#newest === undefined) return;
    const { frame, at, lost } = this.#newest;
    this.#newest = undefined;
    const parts = [signalling(frame.octets), lost && LOST[lost]].filter((part) => part);
    const comment = parts.join('; ');
    this.#put(
      pcapngFrame({ ...frame, time: this.#epoch + at, ...(comment !== '' && { comment }) }),
    );
  }

  #put(octets: Uint8Array): void {
    this.#waiting.push(octets);
    this.#size += octets.length;
    if (this.#size >= WRITE_SIZE) this.#write();
  }

  #write(): void {
    const octets = Buffer.concat(this.#waiting);
    for (let at = 0; at < octets.length; ) at += writeSync(this.#file, octets, at);
    this.#waiting = [];
    this.#size = 0;
  }
}

const LOST: Readonly<Record<string, string>> = {
  loss: 'lost on the link',
  queue: 'lost: the queue of the sender was full',
  cut: 'lost: the link is cut',
  picked: 'lost: the scenario wants it so',
  nobody: 'lost: nobody has that link address any more',
};

/** One line about a packet of Mobile IPv6 or Neighbor Discovery, tunnelled or not. */
function signalling(octets: Uint8Array): string | undefined {
  for (let at = 0; ; ) {
    const walk = walkHeaders(octets, at);
    if (walk === undefined) return undefined;
    if (walk.protocol === PROTOCOL.ipv6 && walk.firstFragment) {
      at = walk.upperAt;
      continue;
    }
    if (walk.protocol !== PROTOCOL.mobility && walk.protocol !== PROTOCOL.icmpv6) return undefined;
    const parsed = parsePacket(octets);
    return parsed.ok ? summarise(parsed.value) : undefined;
  }
}
