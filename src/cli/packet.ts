/** `careof packet`: IPv6 and IPv4 packets to JSON and back. */
import { Command, Option } from 'commander';
import { PARTS, type Part } from '../wire/parts.ts';

export interface PacketOptions {
  readonly as: Part;
  readonly text?: boolean;
  readonly pcap?: string;
}

export function packetCommand(): Command {
  const packet = new Command('packet').description('packets from octets to fields and back');
  const as = () =>
    new Option('--as <what>', 'what a line is; option: mobility options, nd-option: those of ND')
      .choices(PARTS)
      .default('packet');
  packet
    .command('decode')
    .description('hex lines, or a capture, to one JSON object a line')
    .argument('[hex...]', 'octets in hexadecimal; read from standard input if absent')
    .addOption(as())
    .option('--text', 'for people: fields line by line, lifetimes in seconds too')
    .option('--pcap <file>', 'reads a capture (pcap or pcapng) instead')
    .action(async (lines: string[], options: PacketOptions) => {
      const { decodePackets } = await import('./packet-decode.ts');
      await decodePackets(lines, options);
    });
  packet
    .command('encode')
    .description('JSON lines as decode prints them to hex lines')
    .argument('[json...]', 'JSON; read from standard input if absent')
    .addOption(as())
    .option('--pcap <file>', 'writes the packets to a capture (pcapng) as well')
    .action(async (lines: string[], options: PacketOptions) => {
      const { encodePackets } = await import('./packet-encode.ts');
      await encodePackets(lines, options);
    });
  return packet;
}
