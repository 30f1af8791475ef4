/**
 * Links: programs at an interface, exchanged without a gap (tcx, since Linux 6.6).
 *
 * Source: bpf(2), `union bpf_attr` of <linux/bpf.h>; its names stand beside the offsets.
 */
import { allocate } from '../memory.ts';
import { check } from '../sys-error.ts';
import { COMMAND, CURES, call, checked, information, point, prepare } from './call.ts';

/** enum bpf_attach_type */
export const ATTACH_TYPE = { tcxIngress: 46, tcxEgress: 47 } as const;

export interface LinkDeclaration {
  /** Descriptor of the program. */
  readonly program: number;
  readonly ifindex: number;
  /** One of `ATTACH_TYPE`. */
  readonly attachType: number;
  readonly flags?: number;
}

/**
 * Attaches a program to an interface of the namespace of this thread; gives the link's descriptor.
 * Throws SysError: ENODEV (no such interface), EINVAL (the kernel has no tcx: before Linux 6.6).
 */
export function createLink(link: LinkDeclaration): number {
  const { octets } = prepare();
  octets.writeUInt32LE(link.program, 0); // link_create.prog_fd
  octets.writeUInt32LE(link.ifindex, 4); // link_create.target_ifindex
  octets.writeUInt32LE(link.attachType, 8); // link_create.attach_type
  octets.writeUInt32LE(link.flags ?? 0, 12); // link_create.flags
  return check(call(COMMAND.LINK_CREATE, 64), `bpf LINK_CREATE at link ${link.ifindex}`, {
    ...CURES,
    EINVAL: 'tcx needs Linux 6.6 or later',
  });
}

/** Puts another program in the place of a link's, without a packet in between. */
export function updateLink(link: number, program: number): void {
  const { octets } = prepare();
  octets.writeUInt32LE(link, 0); // link_update.link_fd
  octets.writeUInt32LE(program, 4); // link_update.new_prog_fd
  checked(call(COMMAND.LINK_UPDATE, 16), 'bpf LINK_UPDATE');
}

/** Takes the program off, also where the link is pinned. */
export function detachLink(link: number): void {
  const { octets } = prepare();
  octets.writeUInt32LE(link, 0); // link_detach.link_fd
  checked(call(COMMAND.LINK_DETACH, 4), 'bpf LINK_DETACH');
}

/** Numbers of the programs at an interface, in their order. Throws EINVAL where there is no tcx. */
export function attachedPrograms(ifindex: number, attachType: number): number[] {
  const room = 64;
  const numbers = allocate(4 * room);
  const { octets } = prepare();
  octets.writeUInt32LE(ifindex, 0); // query.target_ifindex
  octets.writeUInt32LE(attachType, 4); // query.attach_type
  point(16, numbers); // query.prog_ids
  octets.writeUInt32LE(room, 24); // query.count
  checked(call(COMMAND.PROG_QUERY, 64), `bpf PROG_QUERY at link ${ifindex}`);
  const count = octets.readUInt32LE(24);
  return Array.from({ length: count }, (_, index) => numbers.octets.readUInt32LE(4 * index));
}

/** What a tcx link is: the program's number, where it is attached; ifindex 0 where no longer. */
export function linkInformation(fd: number) {
  const info = information(fd, 24);
  return {
    id: info.readUInt32LE(4),
    program: info.readUInt32LE(8),
    ifindex: info.readUInt32LE(16),
    attachType: info.readUInt32LE(20),
  };
}
