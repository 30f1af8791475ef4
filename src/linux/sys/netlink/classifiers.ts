/**
 * BPF programs at an interface by traffic control, for kernels without tcx (before Linux 6.6). Like a
 * pinned link they outlive this process.
 *
 * Source: <linux/rtnetlink.h>, <linux/pkt_sched.h>, <linux/pkt_cls.h>; tc-bpf(8).
 */
import { type MessageWriter, NLM_F } from './message.ts';
import type { Request } from './request.ts';

// <linux/rtnetlink.h>
const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const TCMSG = { size: 20, ifindex: 4, handle: 8, parent: 12, info: 16 };
const TCA = { KIND: 1, OPTIONS: 2 };
const TCA_BPF = { FD: 6, NAME: 7, FLAGS: 8 };
const TCA_BPF_FLAG_ACT_DIRECT = 1;
// <linux/pkt_sched.h>: the handle of `clsact`, and its two hooks.
const CLSACT = { handle: 0xffff0000, parent: 0xfffffff1, ingress: 0xfffffff2, egress: 0xfffffff3 };
/** ETH_P_ALL of <linux/if_ether.h>, in network byte order. */
const ALL_PROTOCOLS = 0x0300;

export interface Classifier {
  readonly ifindex: number;
  readonly direction: 'ingress' | 'egress';
  /** The order in which they are asked, 1 to 65535. */
  readonly priority: number;
  /** Shown by `tc filter`. */
  readonly name: string;
}

/** Makes the place for classifiers; EEXIST where it is there. */
export const addClsact = (ifindex: number): Request =>
  clsact(ifindex, RTM_NEWQDISC, NLM_F.CREATE | NLM_F.EXCL, 'add clsact to');

/** Removes the place with all that is in it, whoever put it there; ENOENT or EINVAL where none is. */
export const removeClsact = (ifindex: number): Request =>
  clsact(ifindex, RTM_DELQDISC, 0, 'remove clsact from');

/** Attaches a program by its descriptor, in the place of the one of that priority, without a gap. */
export const replaceClassifier = (classifier: Classifier, program: number): Request => ({
  type: RTM_NEWTFILTER,
  flags: NLM_F.CREATE | NLM_F.REPLACE,
  write: (writer) => {
    writeFilter(writer, classifier);
    writer.text(TCA.KIND, 'bpf');
    writer.nest(TCA.OPTIONS, () => {
      writer.u32(TCA_BPF.FD, program);
      writer.text(TCA_BPF.NAME, classifier.name);
      writer.u32(TCA_BPF.FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    });
  },
  describe: () =>
    `attach ${classifier.name} to ${classifier.direction} of link ${classifier.ifindex}`,
});

/** Takes the program of that priority off; ENOENT or EINVAL where none is. */
export const removeClassifier = (classifier: Classifier): Request => ({
  type: RTM_DELTFILTER,
  flags: 0,
  write: (writer) => {
    writeFilter(writer, classifier);
    writer.text(TCA.KIND, 'bpf');
  },
  describe: () => `remove a classifier from ${classifier.direction} of link ${classifier.ifindex}`,
});

const clsact = (ifindex: number, type: number, flags: number, verb: string): Request => ({
  type,
  flags,
  write: (writer) => {
    writer.structure(TCMSG.size, (octets, at) => {
      octets.writeInt32LE(ifindex, at + TCMSG.ifindex);
      octets.writeUInt32LE(CLSACT.handle, at + TCMSG.handle);
      octets.writeUInt32LE(CLSACT.parent, at + TCMSG.parent);
    });
    writer.text(TCA.KIND, 'clsact');
  },
  describe: () => `${verb} link ${ifindex}`,
});

function writeFilter(writer: MessageWriter, { ifindex, direction, priority }: Classifier): void {
  writer.structure(TCMSG.size, (octets, at) => {
    octets.writeInt32LE(ifindex, at + TCMSG.ifindex);
    octets.writeUInt32LE(1, at + TCMSG.handle);
    octets.writeUInt32LE(CLSACT[direction], at + TCMSG.parent);
    octets.writeUInt32LE(priority * 0x10000 + ALL_PROTOCOLS, at + TCMSG.info);
  });
}
