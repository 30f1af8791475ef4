/** Rules: which routing table a packet is looked up in. Source: <linux/fib_rules.h>. */
import type { Prefix } from '../../../core/forwarding/entry.ts';
import { addressOf, formatAddress } from '../../../wire/address.ts';
import { type Message, NLM_F, parseAttributes, text, u8, u32 } from './message.ts';
import { AF, type Request } from './request.ts';

/** <linux/rtnetlink.h> */
export const RTM_RULE = { NEW: 32, DEL: 33, GET: 34 } as const;
// struct fib_rule_hdr
const HEADER = {
  size: 12,
  family: 0,
  destinationLength: 1,
  sourceLength: 2,
  table: 4,
  action: 7,
  flags: 8,
};
// enum of <linux/fib_rules.h>
const FRA = {
  DST: 1,
  SRC: 2,
  IIFNAME: 3,
  GOTO: 4,
  PRIORITY: 6,
  FWMARK: 10,
  SUPPRESS_PREFIXLEN: 14,
  TABLE: 15,
  FWMASK: 16,
  OIFNAME: 17,
  PROTOCOL: 21,
  IP_PROTO: 22,
};
const ACTION = { table: 1, goto: 2, nop: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const ACTION_NAMES = new Map<number, string>(
  Object.entries(ACTION).map(([name, number]) => [number, name]),
);
const FIB_RULE_INVERT = 0x2;
const FIB_RULE_FIND_SADDR = 0x10000;

export interface Rule {
  /** The order in which rules are asked: lower first. */
  readonly priority: number;
  readonly ipv4?: boolean;
  readonly from?: Prefix;
  readonly to?: Prefix;
  /** Name of the interface that the packet came in by; `lo`: it is the host's own. */
  readonly arrivedBy?: string;
  /** Name of the interface that its socket is bound to. */
  readonly leavesBy?: string;
  readonly mark?: number;
  readonly markMask?: number;
  /** Next Header of the packet, as far as the kernel looks. */
  readonly protocolNumber?: number;
  /** It holds for all packets but those. */
  readonly invert?: boolean;
  /** `table` where absent. */
  readonly action?: keyof typeof ACTION;
  readonly table?: number;
  /** Priority of the rule that `goto` goes on at. */
  readonly target?: number;
  /** Routes of prefixes of no more bits than this are not taken. */
  readonly suppressPrefixLength?: number;
  /** `from` holds for the source that a route of the table would choose, too. */
  readonly findSource?: boolean;
  /** Who made it, 0 to 255. */
  readonly protocol?: number;
}

/** Reads an RTM_NEWRULE or RTM_DELRULE; nothing for other messages. Throws RangeError on bad lengths. */
export function parseRule({ type, body }: Message): Rule | undefined {
  if (type !== RTM_RULE.NEW && type !== RTM_RULE.DEL) return undefined;
  if (body.length < HEADER.size) throw new RangeError('netlink: half a fib_rule_hdr');
  const attributes = parseAttributes(body, HEADER.size);
  const prefixAt = (attribute: number, length: number): Prefix | undefined => {
    const octets = attributes.get(attribute);
    if (octets === undefined || (octets.length !== 16 && octets.length !== 4)) return undefined;
    return { address: addressOf(octets), length };
  };
  const flags = new DataView(body.buffer, body.byteOffset).getUint32(HEADER.flags, true);
  const mark = u32(attributes, FRA.FWMARK);
  const action = ACTION_NAMES.get(body[HEADER.action]!) ?? 'nop';
  const suppressed = u32(attributes, FRA.SUPPRESS_PREFIXLEN);
  const rule = {
    priority: u32(attributes, FRA.PRIORITY) ?? 0,
    ipv4: body[HEADER.family] === AF.INET ? true : undefined,
    from: prefixAt(FRA.SRC, body[HEADER.sourceLength]!),
    to: prefixAt(FRA.DST, body[HEADER.destinationLength]!),
    arrivedBy: text(attributes, FRA.IIFNAME),
    leavesBy: text(attributes, FRA.OIFNAME),
    mark,
    markMask: mark === undefined ? undefined : u32(attributes, FRA.FWMASK),
    protocolNumber: u8(attributes, FRA.IP_PROTO) || undefined,
    invert: (flags & FIB_RULE_INVERT) !== 0 ? true : undefined,
    action: action === 'table' ? undefined : action,
    table: action === 'table' ? (u32(attributes, FRA.TABLE) ?? body[HEADER.table]!) : undefined,
    target: action === 'goto' ? u32(attributes, FRA.GOTO) : undefined,
    // -1: nothing is left out.
    suppressPrefixLength: suppressed === 0xffffffff ? undefined : suppressed,
    findSource: (flags & FIB_RULE_FIND_SADDR) !== 0 ? true : undefined,
    protocol: u8(attributes, FRA.PROTOCOL) || undefined,
  };
  const known = Object.entries(rule).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as unknown as Rule;
}

/** Adds a rule; EEXIST where the very same one is there. */
export const addRule = (rule: Rule): Request =>
  changeOf(rule, RTM_RULE.NEW, NLM_F.CREATE | NLM_F.EXCL, 'add rule');

/** Removes the first rule that has all that is said here; ENOENT where there is none. */
export const removeRule = (rule: Rule): Request => changeOf(rule, RTM_RULE.DEL, 0, 'remove rule');

export const listRules = ({ ipv4 }: { readonly ipv4?: boolean } = {}): Request => ({
  type: RTM_RULE.GET,
  flags: 0,
  write: (writer) =>
    writer.structure(HEADER.size, (octets, at) => {
      octets[at + HEADER.family] = ipv4 === true ? AF.INET : AF.INET6;
    }),
  describe: () => 'list rules',
});

const lengthOf = ({ address, length }: Prefix): number => length ?? address.length * 8;

function changeOf(rule: Rule, type: number, flags: number, verb: string): Request {
  const { from, to, table = 0 } = rule;
  return {
    type,
    flags,
    write: (writer) => {
      writer.structure(HEADER.size, (octets, at) => {
        octets[at + HEADER.family] = rule.ipv4 === true ? AF.INET : AF.INET6;
        octets[at + HEADER.destinationLength] = to === undefined ? 0 : lengthOf(to);
        octets[at + HEADER.sourceLength] = from === undefined ? 0 : lengthOf(from);
        octets[at + HEADER.table] = table < 256 ? table : 0;
        octets[at + HEADER.action] = ACTION[rule.action ?? 'table'];
        const bits =
          (rule.invert === true ? FIB_RULE_INVERT : 0) |
          (rule.findSource === true ? FIB_RULE_FIND_SADDR : 0);
        octets.writeUInt32LE(bits, at + HEADER.flags);
      });
      if (to !== undefined) writer.address(FRA.DST, to.address);
      if (from !== undefined) writer.address(FRA.SRC, from.address);
      if (rule.arrivedBy !== undefined) writer.text(FRA.IIFNAME, rule.arrivedBy);
      if (rule.leavesBy !== undefined) writer.text(FRA.OIFNAME, rule.leavesBy);
      writer.u32(FRA.PRIORITY, rule.priority);
      if (rule.mark !== undefined) writer.u32(FRA.FWMARK, rule.mark);
      if (rule.markMask !== undefined) writer.u32(FRA.FWMASK, rule.markMask);
      if (rule.table !== undefined) writer.u32(FRA.TABLE, rule.table);
      if (rule.target !== undefined) writer.u32(FRA.GOTO, rule.target);
      if (rule.suppressPrefixLength !== undefined) {
        writer.u32(FRA.SUPPRESS_PREFIXLEN, rule.suppressPrefixLength);
      }
      if (rule.protocolNumber !== undefined) writer.u8(FRA.IP_PROTO, rule.protocolNumber);
      if (rule.protocol !== undefined) writer.u8(FRA.PROTOCOL, rule.protocol);
    },
    describe: () => {
      const source = from === undefined ? 'all' : formatAddress(from.address);
      return `${verb} ${rule.priority} from ${source} to table ${table}`;
    },
  };
}
