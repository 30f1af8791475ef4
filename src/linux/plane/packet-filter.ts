/**
 * The filter of the packet sockets: lets through what the data plane may have to look at, and leaves
 * the traffic of programs alone. What it lets through too much costs time and nothing else.
 *
 * Of IPv4 packets options may stand before the ports: so all of UDP is let through where a port is asked for.
 *
 * Source: <linux/filter.h>; Documentation/networking/filter.rst.
 */
import { PROTOCOL } from '../../wire/numbers.ts';
import { type FilterInstruction, LINK_HEADER } from '../sys/packet-socket.ts';

// Instructions: load an octet or two at an offset, compare, return so many octets.
const LOAD_OCTET = 0x30;
const LOAD_TWO = 0x28;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;
const WHOLE = 0xffff_ffff;
/** Offsets in a frame whose packet has no extension headers. */
const NEXT_HEADER = LINK_HEADER + 6;
const IPV4_PROTOCOL = LINK_HEADER + 9;
const DESTINATION_PORT = LINK_HEADER + 42;

/** Headers behind which anything may stand. */
const EXTENSIONS = [0, PROTOCOL.routing, PROTOCOL.fragment, 51, PROTOCOL.destinationOptions];

/** What entries ask for. */
export interface FilterWish {
  /** Upper-layer protocols. */
  readonly protocols: ReadonlySet<number>;
  /** Destination ports of UDP. */
  readonly ports: ReadonlySet<number>;
  /** Everything. */
  readonly all: boolean;
}

/** The program for IPv4 packets. */
export function ipv4PacketFilter({ protocols, ports, all }: FilterWish): FilterInstruction[] {
  const udp = ports.size > 0 ? [PROTOCOL.udp] : [];
  const wanted = [...new Set([PROTOCOL.icmpv4, ...udp, ...protocols])];
  if (all || wanted.length > 200) return [{ code: RETURN, k: WHOLE }];
  return [
    { code: LOAD_OCTET, k: IPV4_PROTOCOL },
    ...wanted.map((k, i) => ({ code: JUMP_EQUAL, k, jt: wanted.length - i })),
    { code: RETURN, k: 0 },
    { code: RETURN, k: WHOLE },
  ];
}

/** The program; of more wishes than fit its jumps, it lets everything through. */
export function packetFilter({ protocols, ports, all }: FilterWish): FilterInstruction[] {
  const everything = [{ code: RETURN, k: WHOLE }];
  const wanted = [...new Set([...EXTENSIONS, PROTOCOL.icmpv6, ...protocols])];
  if (all || wanted.length + ports.size > 200) return everything;
  const program: FilterInstruction[] = [{ code: LOAD_OCTET, k: NEXT_HEADER }];
  // Each comparison jumps over the rest of them to the end, whose distance is known afterwards.
  for (const k of wanted) program.push({ code: JUMP_EQUAL, k });
  if (ports.size > 0) {
    program.push({ code: JUMP_EQUAL, k: PROTOCOL.udp, jf: ports.size + 1 });
    program.push({ code: LOAD_TWO, k: DESTINATION_PORT });
    for (const k of ports) program.push({ code: JUMP_EQUAL, k });
  }
  program.push({ code: RETURN, k: 0 }, { code: RETURN, k: WHOLE });
  const last = program.length - 1;
  return program.map((one, index) =>
    one.code === JUMP_EQUAL && one.jf === undefined ? { ...one, jt: last - index - 1 } : one,
  );
}
