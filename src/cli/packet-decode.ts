/** `careof packet decode`. */
import { readFileSync } from 'node:fs';
import { readCapture } from '../lab/capture/capture-reader.ts';
import { fromHex } from '../wire/hex.ts';
import { decodePart } from '../wire/parts.ts';
import { CareofError } from './careof-error.ts';
import { inputLines } from './input-lines.ts';
import type { PacketOptions } from './packet.ts';
import { packetText } from './packet-text.ts';

/** Prints one object for each line or frame; what is malformed gives an error, and the run goes on. */
export async function decodePackets(lines: string[], options: PacketOptions): Promise<void> {
  if (options.pcap !== undefined) {
    decodeCapture(options.pcap, options);
    return;
  }
  for await (const line of inputLines(lines)) {
    const octets = fromHex(line.replace(/^\s*0x/i, '').replace(/[\s:]/g, ''));
    print(octets === undefined ? notHex(line) : decoded(octets, options), options);
  }
}

function decodeCapture(file: string, options: PacketOptions): void {
  let octets: Uint8Array;
  try {
    octets = readFileSync(file);
  } catch (cause) {
    const message = `the capture cannot be read: ${(cause as Error).message}`;
    throw new CareofError('cannot-read', message, undefined, { cause });
  }
  const { frames, fault } = readCapture(octets);
  if (frames.length === 0 && fault !== undefined) {
    throw new CareofError('no-capture', `${file}: ${fault}`);
  }
  for (const { number, link, packet, skipped } of frames) {
    const head = { frame: number, ...(link !== undefined && { link }) };
    const body = packet === undefined ? notIp(skipped ?? '') : decoded(packet, options);
    print({ ...head, ...body }, options);
  }
  if (fault !== undefined)
    print({ error: { ...NOWHERE, reason: 'truncated', message: fault } }, options);
}

const NOWHERE = { offset: 0, layer: '', field: '' };

const notIp = (message: string): object => ({
  error: { reason: 'not-ip', ...NOWHERE, message: `the frame holds no IP packet: ${message}` },
});

function notHex(line: string): object {
  const message = 'the line is not hexadecimal, two digits an octet';
  const digits = line.replace(/^\s*0x/i, '').replace(/[\s:]/g, '');
  const at = digits.search(/[^0-9a-fA-F]/);
  const offset = Math.floor((at < 0 ? digits.length : at) / 2);
  return { error: { reason: 'not-hex', ...NOWHERE, offset, message } };
}

function decoded(octets: Uint8Array, { as }: PacketOptions): object {
  const part = decodePart(as, octets);
  if (part.ok) return part.value;
  const { reason, offset, layer, field, message } = part.error;
  return { error: { reason, offset, layer, field, message } };
}

function print(object: object, { text }: PacketOptions): void {
  console.log(text === true ? `${packetText(object).join('\n')}\n` : JSON.stringify(object));
}
