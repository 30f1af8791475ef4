/**
 * Reads captures made by others: pcap and pcapng, either byte order, of link types that can hold
 * IP. A file from anywhere is read, so nothing in it is trusted: a fault ends the reading with a
 * sentence, and what came before it stays.
 *
 * Supported standards: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */

import { ETHER_TYPE } from '../../wire/numbers.ts';

const LINK_TYPE = { ethernet: 1, raw: 101, ipv4: 228, ipv6: 229 } as const;
const RAW: ReadonlySet<number> = new Set([LINK_TYPE.raw, LINK_TYPE.ipv4, LINK_TYPE.ipv6]);

/** One frame of a capture. */
export interface ReadFrame {
  /** Counts from 1, as Wireshark does. */
  readonly number: number;
  /** From the IP header on; undefined where the frame holds something else. */
  readonly packet?: Uint8Array;
  /** Why there is no packet. */
  readonly skipped?: string;
  /** Name of the interface, where the file gives one. */
  readonly link?: string;
}

export interface ReadCapture {
  readonly frames: readonly ReadFrame[];
  /** What is wrong with the file, where reading ended early. */
  readonly fault?: string;
}

const PCAP_MICROSECONDS = 0xa1b2c3d4;
const PCAP_NANOSECONDS = 0xa1b23c4d;
const PCAPNG = 0x0a0d0d0a;

/** The frames of a capture file. */
export function readCapture(octets: Uint8Array): ReadCapture {
  if (octets.length < 24) return { frames: [], fault: NO_CAPTURE };
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  if (view.getUint32(0) === PCAPNG) return new PcapngReader(octets, view).read();
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === PCAP_MICROSECONDS || magic === PCAP_NANOSECONDS) {
      return readPcap(octets, view, little);
    }
  }
  return { frames: [], fault: NO_CAPTURE };
}

const NO_CAPTURE = 'the file is neither pcap nor pcapng';

function readPcap(octets: Uint8Array, view: DataView, little: boolean): ReadCapture {
  const linkType = view.getUint32(20, little) & 0xffff;
  const frames: ReadFrame[] = [];
  let at = 24;
  while (at < octets.length) {
    if (at + 16 > octets.length) return { frames, fault: cutAt(at) };
    const size = view.getUint32(at + 8, little);
    at += 16;
    if (at + size > octets.length) return { frames, fault: cutAt(at) };
    frames.push(frameOf(frames.length + 1, linkType, octets.subarray(at, at + size)));
    at += size;
  }
  return { frames };
}

const cutAt = (at: number): string => `the file ends in the middle of the frame at octet ${at}`;

interface Interface {
  readonly linkType: number;
  readonly name?: string;
}

class PcapngReader {
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  readonly #frames: ReadFrame[] = [];
  #interfaces: Interface[] = [];
  #little = true;

  constructor(octets: Uint8Array, view: DataView) {
    this.#octets = octets;
    this.#view = view;
  }

  read(): ReadCapture {
    let at = 0;
    while (at < this.#octets.length) {
      if (at + 12 > this.#octets.length) return { frames: this.#frames, fault: cutAt(at) };
      if (this.#view.getUint32(at) === PCAPNG) {
        this.#little = this.#view.getUint32(at + 8, true) === 0x1a2b3c4d;
        this.#interfaces = [];
      }
      const size = this.#view.getUint32(at + 4, this.#little);
      if (size < 12 || size % 4 !== 0 || at + size > this.#octets.length) {
        return { frames: this.#frames, fault: cutAt(at) };
      }
      const fault = this.#block(at, size);
      if (fault !== undefined) return { frames: this.#frames, fault };
      at += size;
    }
    return { frames: this.#frames };
  }

  #block(at: number, size: number): string | undefined {
    const view = this.#view;
    const type = view.getUint32(at, this.#little);
    const end = at + size - 4;
    if (type === 1 && size >= 20) {
      const linkType = view.getUint16(at + 8, this.#little);
      const name = this.#option(at + 16, end, 2);
      this.#interfaces.push(name === undefined ? { linkType } : { linkType, name });
    } else if (type === 6 && size >= 32) {
      const length = view.getUint32(at + 20, this.#little);
      if (at + 28 + length > end) return cutAt(at);
      this.#add(view.getUint32(at + 8, this.#little), at + 28, length);
    } else if (type === 3 && size >= 16) {
      this.#add(0, at + 12, Math.min(view.getUint32(at + 8, this.#little), end - at - 12));
    }
    return undefined;
  }

  #add(interfaceIndex: number, at: number, length: number): void {
    const one = this.#interfaces[interfaceIndex];
    const number = this.#frames.length + 1;
    if (one === undefined) {
      this.#frames.push({ number, skipped: `interface ${interfaceIndex} is described nowhere` });
      return;
    }
    const frame = frameOf(number, one.linkType, this.#octets.subarray(at, at + length));
    this.#frames.push(one.name === undefined ? frame : { ...frame, link: one.name });
  }

  #option(from: number, end: number, wanted: number): string | undefined {
    let at = from;
    while (at + 4 <= end) {
      const code = this.#view.getUint16(at, this.#little);
      const length = this.#view.getUint16(at + 2, this.#little);
      if (code === 0 || at + 4 + length > end) return undefined;
      if (code === wanted) {
        return new TextDecoder().decode(this.#octets.subarray(at + 4, at + 4 + length));
      }
      at += 4 + ((length + 3) & ~3);
    }
    return undefined;
  }
}

function frameOf(number: number, linkType: number, frame: Uint8Array): ReadFrame {
  if (RAW.has(linkType)) return { number, packet: frame };
  if (linkType !== LINK_TYPE.ethernet) {
    return { number, skipped: `link type ${linkType} is none of 1 (Ethernet), 101, 228, 229 (IP)` };
  }
  let at = 12;
  const typeAt = () => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  // IEEE 802.1Q and 802.1ad tags stand before the type.
  while (typeAt() === 0x8100 || typeAt() === 0x88a8) at += 4;
  if (typeAt() !== ETHER_TYPE.ipv6 && typeAt() !== ETHER_TYPE.ipv4) {
    return { number, skipped: `Ethernet type 0x${typeAt().toString(16).padStart(4, '0')}` };
  }
  return { number, packet: frame.subarray(at + 2) };
}
