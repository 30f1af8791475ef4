/** `careof packet encode`. */
import { writeFileSync } from 'node:fs';
import { pcapngFrame, pcapngHead } from '../lab/capture/pcapng-writer.ts';
import { toHex } from '../wire/hex.ts';
import { encodePart, type Part } from '../wire/parts.ts';
import type { Result } from '../wire/result.ts';
import { CareofError } from './careof-error.ts';
import { inputLines } from './input-lines.ts';
import type { PacketOptions } from './packet.ts';

/** Prints one line of hex for each JSON line; a wrong line gives an error, and the run goes on. */
export async function encodePackets(lines: string[], options: PacketOptions): Promise<void> {
  if (options.pcap !== undefined && options.as !== 'packet') {
    throw new CareofError('usage', '--pcap holds whole packets: leave --as away');
  }
  const packets: Uint8Array[] = [];
  for await (const line of inputLines(lines)) {
    const encoded = encodedLine(line, options.as);
    if (encoded.ok) {
      packets.push(encoded.value);
      console.log(toHex(encoded.value));
    } else console.log(JSON.stringify({ error: encoded.error }));
  }
  if (options.pcap !== undefined) writeCapture(options.pcap, packets);
}

type EncodeError = { readonly path: string; readonly message: string };

function encodedLine(line: string, as: Part): Result<Uint8Array, EncodeError> {
  try {
    const json: unknown = JSON.parse(line);
    const key = as === 'option' || as === 'nd-option' ? 'options' : 'layers';
    return encodePart(as, Array.isArray(json) ? { [key]: json } : json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, error: { path: '', message: `is not JSON: ${error.message}` } };
  }
}

const NO_STATION = '\0'.repeat(6);

/** Packets have no time of their own: the capture begins at 0, a microsecond a packet. */
function writeCapture(file: string, packets: readonly Uint8Array[]): void {
  const frames = packets.map((octets, time) =>
    pcapngFrame({ time, from: NO_STATION, to: NO_STATION, octets }),
  );
  try {
    writeFileSync(file, Buffer.concat([pcapngHead('packets'), ...frames]));
  } catch (cause) {
    const message = `the capture cannot be written: ${(cause as Error).message}`;
    throw new CareofError('cannot-write', message, undefined, { cause });
  }
}
