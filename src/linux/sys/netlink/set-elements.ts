/**
 * Elements of nftables sets, and the removal of a table, without the program `nft`.
 *
 * A change of a set must not cost a process; whole rulesets, which change seldom, are text
 * (`nftables.ts`). Numbers in this family are in network byte order.
 *
 * Source: <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h>.
 */
import { type Message, type MessageWriter, NLM_F, nested, parseAttributes } from './message.ts';
import type { Request } from './request.ts';

const SUBSYSTEM = 10; // NFNL_SUBSYS_NFTABLES
const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;
// enum nf_tables_msg_types
const NFT_MSG = { DELTABLE: 2, NEWSETELEM: 12, GETSETELEM: 13, DELSETELEM: 14 };
/** Octets of `struct nfgenmsg`: family, version, subsystem. */
const HEADER = { size: 4, family: 0, subsystem: 2 };
const NFTA_TABLE_NAME = 1;
const LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 }; // NFTA_SET_ELEM_LIST_*
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_DATA_VALUE = 1;
// enum in <linux/netfilter.h>
const NFPROTO = { inet: 1, ip: 2, ip6: 10, netdev: 5, bridge: 7 } as const;

export interface NftablesTable {
  readonly family: keyof typeof NFPROTO;
  readonly table: string;
}

export interface NftablesSet extends NftablesTable {
  readonly set: string;
}

/** A key of several parts (`ipv6_addr . inet_proto`): each is padded to 4 octets. */
export function concatenatedKey(...parts: readonly Uint8Array[]): Uint8Array {
  const sizes = parts.map(({ length }) => (length + 3) & ~3);
  const key = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  parts.forEach((part, index) => {
    key.set(part, at);
    at += sizes[index]!;
  });
  return key;
}

const frame = (type: number, words: string): Request => ({
  type,
  flags: 0,
  write: (writer) =>
    writer.structure(HEADER.size, (octets, at) => {
      octets.writeUInt16BE(SUBSYSTEM, at + HEADER.subsystem);
    }),
  describe: () => words,
});

/** What a transaction begins and ends with. */
export const beginTransaction = frame(BATCH_BEGIN, 'begin a change of nftables');
export const endTransaction = frame(BATCH_END, 'end a change of nftables');

/** Adds elements by their whole keys; those that are there already stay. */
export const addElements = (set: NftablesSet, keys: readonly Uint8Array[]): Request =>
  elementsRequest(set, keys, NFT_MSG.NEWSETELEM, NLM_F.CREATE, 'add elements to');

/** Removes elements; ENOENT where one is not there. */
export const removeElements = (set: NftablesSet, keys: readonly Uint8Array[]): Request =>
  elementsRequest(set, keys, NFT_MSG.DELSETELEM, 0, 'remove elements from');

/** Asks for all elements; to be read by `parseElements`. */
export const listElements = (set: NftablesSet): Request =>
  elementsRequest(set, [], NFT_MSG.GETSETELEM, 0, 'list elements of');

/** Removes a table with all that is in it; ENOENT where it is not there. */
export const removeTable = ({ family, table }: NftablesTable): Request => ({
  type: (SUBSYSTEM << 8) | NFT_MSG.DELTABLE,
  flags: 0,
  write: (writer) => {
    writeHeader(writer, family);
    writer.text(NFTA_TABLE_NAME, table);
  },
  describe: () => `remove table ${family} ${table}`,
});

/** The keys in one message of the answer. Throws RangeError on bad lengths. */
export function parseElements({ type, body }: Message): Uint8Array[] | undefined {
  if (type !== ((SUBSYSTEM << 8) | NFT_MSG.NEWSETELEM)) return undefined;
  const list = parseAttributes(body, HEADER.size).get(LIST.ELEMENTS) ?? new Uint8Array(0);
  const keys: Uint8Array[] = [];
  for (const element of elementsIn(list)) {
    const key = nested(parseAttributes(element), NFTA_SET_ELEM_KEY).get(NFTA_DATA_VALUE);
    if (key !== undefined) keys.push(new Uint8Array(key));
  }
  return keys;
}

/** All are attributes of the one type, so a map of attributes would keep the last alone. */
function* elementsIn(list: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  for (let at = 0; at + 4 <= list.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || length > list.length - at) throw new RangeError('netlink: bad element');
    yield list.subarray(at + 4, at + length);
    at += (length + 3) & ~3;
  }
}

function writeHeader(writer: MessageWriter, family: keyof typeof NFPROTO): void {
  writer.structure(HEADER.size, (octets, at) => {
    octets[at + HEADER.family] = NFPROTO[family];
  });
}

function elementsRequest(
  { family, table, set }: NftablesSet,
  keys: readonly Uint8Array[],
  type: number,
  flags: number,
  verb: string,
): Request {
  return {
    type: (SUBSYSTEM << 8) | type,
    flags,
    write: (writer) => {
      writeHeader(writer, family);
      writer.text(LIST.TABLE, table);
      writer.text(LIST.SET, set);
      if (keys.length === 0) return;
      writer.nest(LIST.ELEMENTS, () => {
        for (const key of keys) {
          writer.nest(NFTA_LIST_ELEM, () =>
            writer.nest(NFTA_SET_ELEM_KEY, () => writer.attribute(NFTA_DATA_VALUE, key)),
          );
        }
      });
    },
    describe: () => `${verb} set ${family} ${table} ${set}`,
  };
}
