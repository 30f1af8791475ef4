/** What the file of a host says beside its links and nodes: who of them it is, and how it runs. */
import { z } from 'zod';
import { name, oneOf, text } from './fields.ts';

/** A name that the kernel takes for an interface: IFNAMSIZ is 16 with its end. */
const INTERFACE = /^(?!\.{1,2}$)[^\s/:%]{1,15}$/;

export const isInterfaceName = (text: string): boolean => INTERFACE.test(text);

const interfaceName = z
  .string({ error: 'is not the name of an interface, such as eth1' })
  .regex(INTERFACE, {
    error: 'is not the name of an interface: 1 to 15 letters without space, "/", ":" and "%"',
  })
  .meta({ description: 'as `ip link` shows it' });

/** Nobody is asked who they are, so only who is on this host may fetch. */
const METRICS = /^(?:\/.{1,100}|(?:\[::1\]|127\.0\.0\.1):[0-9]{1,5})$/;

const STORE = /^https?:\/\/[^/\s]{1,255}\/?$/;
/** A path of a Unix socket ends at 107 octets. */
const DAEMONS = /^unix:\/run\/careof\/[^/]*\.sock$/;
const LOCAL_STORE = /^unix:\/[!-~]{1,106}$/;

const members = z
  .array(
    z
      .string()
      .regex(STORE, { error: 'is not the URL of an etcd member, such as http://[::1]:2379' }),
  )
  .refine((members) => members.length > 0 && members.length < 10, {
    error: 'names none, or more than 9: some that are near are enough',
  });
const localStore = z
  .string()
  .regex(LOCAL_STORE, { error: 'is not the path of a socket, such as unix:/run/careof/www.store' })
  .refine((path) => !DAEMONS.test(path), {
    error: 'is where a daemon has its own socket: let it end otherwise, such as www.store',
  });

/** The sections that a scenario has not. */
export const HOST = {
  this: name('the entry of nodes that this host is, such as ha').optional(),
  interfaces: z
    .record(z.string(), interfaceName, {
      error: 'is not interfaces by link, such as { home: eth1 }',
    })
    .optional()
    .meta({ description: 'kernel interfaces of links (or interfaces) that are called otherwise' }),
  'data-plane': oneOf(['auto', 'ebpf', 'tun'])
    .optional()
    .meta({ description: 'what forwards packets; auto if absent: eBPF where the kernel has it' }),
  metrics: z
    .string({ error: 'is not an address with a port, such as "[::1]:9464", or a path' })
    .regex(METRICS, {
      error: 'is not [::1]:PORT, 127.0.0.1:PORT, or the path of a socket: only this host may fetch',
    })
    .optional()
    .meta({ description: 'where Prometheus fetches metrics; nowhere if absent' }),
  store: z
    .union([members, localStore], {
      error:
        'is neither a list of URLs, such as [ "http://[::1]:2379" ], nor a path, such as unix:/run/careof/www.store',
    })
    .optional()
    .meta({
      description:
        'by what anycast agents share what they know: members of an etcd cluster, or a socket of this machine; unix:/run/careof/agents.store if absent',
    }),
  'control-group': text('a group whose members may use the control socket').optional(),
};

const host = z.object(HOST);
export type HostText = z.output<typeof host>;
