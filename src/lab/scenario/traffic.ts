/** Traffic of a scenario: what the applications on the nodes send each other. */
import { z } from 'zod';
import { name, object, oneOf, rate, size, text, time, whole, yesNo } from './fields.ts';

/** A datagram's number and the time it was sent stand at the head of its payload. */
export const LEAST_PAYLOAD = 16;
/** The largest UDP payload (RFC 8200: no jumbograms). */
const MOST_PAYLOAD = 65_507;
/** Every octet is simulated and goes into a digest at both ends. */
const MOST_DOWNLOAD = 1e9;

const FROM = name('the node that sends');
const TO = name('the node that receives');
const PORT = whole('a port', 1, 65_535).optional();
const IPV4 = yesNo('it goes between the IPv4 addresses of its ends; no if absent')
  .optional()
  .meta({ description: 'true: between the IPv4 addresses of its ends' });

/** Programs that carry a flow on real hosts: curl from nginx, or socat to socat. */
export const PROGRAMS = ['curl', 'socat'] as const;

const tcp = object('a TCP flow', {
  protocol: z.literal('tcp'),
  from: FROM,
  to: TO,
  size: size()
    .refine((octets) => octets > 0, { error: 'is nothing: write 20MB' })
    .refine((octets) => octets <= MOST_DOWNLOAD, {
      error: 'is more than a run carries in bounded time: write at most 1GB',
    })
    .meta({ description: 'what the sender sends in all' }),
  over: time()
    .optional()
    .meta({ description: 'it is written bit by bit over so long; all at once if absent' }),
  name: text('a DNS name of the receiver, such as www.example').optional().meta({
    description: 'the sender asks for it, and tries each address; the node itself if absent',
  }),
  start: time(),
  port: PORT,
  ipv4: IPV4,
  program: oneOf(PROGRAMS)
    .optional()
    .meta({ description: "on linux: the program that downloads; careof's own if absent" }),
});

const udp = object('a UDP flow', {
  protocol: z.literal('udp'),
  from: FROM,
  to: TO,
  rate: rate().refine((perSecond) => perSecond > 0, { error: 'is never: write 100/s' }),
  payload: size()
    .refine((octets) => octets >= LEAST_PAYLOAD, {
      error: `is too short: number and time of a datagram need ${LEAST_PAYLOAD}B`,
    })
    .refine((octets) => octets <= MOST_PAYLOAD, {
      error: `is too long: a datagram carries ${MOST_PAYLOAD}B at most`,
    }),
  start: time(),
  stop: time(),
  port: PORT,
  ipv4: IPV4,
  quic: yesNo('its datagrams begin as those of a QUIC session do; no')
    .optional()
    .meta({ description: 'true: the first octets are as in a session of QUIC' }),
});

/** Datagrams with which a session begins. */
const HANDSHAKE = 3;
/** First octets of QUIC version 1: Initial, and what has a short header. Source: RFC 9000 section 17. */
const [INITIAL, SHORT] = [0xc3, 0x43];

/** The first octet of a datagram of such a flow. */
export const firstOctet = (quic: boolean | undefined, number: number): number =>
  quic === true ? (number < HANDSHAKE ? INITIAL : SHORT) : 0;

export const flow = z.discriminatedUnion('protocol', [tcp, udp], {
  error: ({ input }) => {
    if (typeof input !== 'object' || input === null) return 'is not a flow: { protocol: tcp, ... }';
    const read = oneOf(['tcp', 'udp']).safeParse((input as { protocol?: unknown }).protocol);
    return read.error?.issues[0]?.message ?? 'is not a flow';
  },
});

export type FlowText = z.output<typeof flow>;
