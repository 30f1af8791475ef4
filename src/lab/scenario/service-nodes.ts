/** Nodes of a service address that several servers answer for: the master, and its slaves. */
import { z } from 'zod';
import { auth } from './authentication.ts';
import { ipv6, list, name, object, oneOf, time, whole, yesNo } from './fields.ts';
import { contentPeers } from './peers.ts';

const PLACED = {
  on: list('the link that the servers share, such as [site]', name('a link'))
    .length(1, { error: 'is not one link: the servers of a service address share it' })
    .meta({ description: 'the link that the servers share' }),
  'own-addresses': z
    .record(z.string(), ipv6(), { error: 'is not an address by link, { site: 2001:db8:1::53 }' })
    .optional()
    .meta({ description: 'its own address there; PREFIX::1 and on, in order, if absent' }),
};

export const contentMaster = object('a master content server', {
  role: z.literal('content-master'),
  ...PLACED,
  service: ipv6()
    .optional()
    .meta({ description: 'the address that clients know; PREFIX::100 and on if absent' }),
  policy: oneOf(['rotation', 'least-load'])
    .optional()
    .meta({ description: 'which server a new client gets; rotation if absent' }),
  'max-clients': whole('clients it remembers', 1, 1_000_000).optional(),
  peers: contentPeers
    .optional()
    .meta({ description: 'what proves the service address to clients besides return routability' }),
});

export const contentSlave = object('a slave content server', {
  role: z.literal('content-slave'),
  ...PLACED,
  master: name('the content master that it serves for'),
  auth: auth.meta({ description: 'how it proves itself to the master: rfc4285, its own number' }),
  lifetime: time()
    .optional()
    .meta({ description: 'what it asks the master for, which is how fast its death shows; 20s' }),
  'client-lifetime': time()
    .optional()
    .meta({ description: 'what it asks clients for; 60s if absent' }),
  'direct-return': yesNo(
    'answers go straight to clients, from the service address; true if absent',
  ).optional(),
});

export type ContentMasterText = z.output<typeof contentMaster>;
export type ContentSlaveText = z.output<typeof contentSlave>;
