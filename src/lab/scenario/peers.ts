/** How nodes prove themselves to peers, as it stands at a mobile node and at a correspondent node. */
import { z } from 'zod';
import { key, named, object, whole, yesNo } from './fields.ts';

/** RFC 4449: what two nodes were given; both of them name the other. */
const rfc4449 = named(
  'keys by the node that each is shared with, such as { cn: { key: "hex:0011..." } }',
  object('a shared key, such as { key: "hex:0011..." }', {
    key: key(),
    'home-nonce': key().optional(),
    'care-of-nonce': key().optional(),
  }),
).meta({ description: 'a key shared with each of these nodes, which name this one too' });

const rfc4866 = object('the key of the home address, such as { key: "file:demo-key.pem" }', {
  key: key().meta({ description: 'an RSA private key: a PEM file beside the scenario' }),
  sec: whole('how dear the address is to make and to forge', 0, 1)
    .optional()
    .meta({ description: 'Sec of RFC 3972; 0 if absent' }),
});

export const mobileNodePeers = object(
  'how it proves itself to peers, such as { rfc4866: { key: "file:demo-key.pem" } }',
  {
    rfc4866: rfc4866
      .optional()
      .meta({ description: 'the home address is made from this key, and shows it' }),
    rfc4449: rfc4449.optional(),
  },
);

export const multihomedPeers = object(
  'how it proves itself to peers, such as { rfc4866: { key: "file:demo-key.pem" } }',
  {
    rfc4866: z
      .union([z.literal(false), rfc4866], {
        error: 'is neither a key, such as { key: "file:demo-key.pem" }, nor false',
      })
      .optional()
      .meta({
        description:
          'its addresses are made from this key, and show it; absent: a host makes one and keeps it, and in the lab there is none; false: none',
      }),
    rfc4449: rfc4449.optional(),
  },
);

export const contentPeers = object(
  'how the servers prove their address, such as { rfc4866: { key: "file:demo-key.pem" } }',
  {
    rfc4866: rfc4866
      .optional()
      .meta({ description: 'the service address is made from this key, which all servers hold' }),
  },
);

export const correspondentPeers = object('what it takes from peers, such as { rfc4866: false }', {
  rfc4866: yesNo('takes home addresses at the word of their key; true if absent').optional(),
  rfc4449: rfc4449.optional(),
});
