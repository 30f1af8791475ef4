/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Printed by npm run build:bpf from src/linux/ebpf/layout.ts; changes here are lost. */
#pragma once
#include <linux/types.h>

enum { TOTALS = 15 };
enum {
	MAX_SHAPES = 32,
	GENERATIONS = 4,
	MAX_RULES = 2,
	MAX_KERNEL_ENTRIES = 262144,
	MAX_OWN_ADDRESSES = 4096,
	MAX_TOLD = 4096,
	MAX_PATH_MTUS = 4096,
	UDP_TUNNEL_PORT = 4191,
};

enum {
	ADDRESS_DST = 0,
	ADDRESS_SRC = 1,
	ADDRESS_HOME = 2,
	ADDRESS_ROUTING2 = 3,
	ADDRESS_INNER_SRC = 4,
	ADDRESS_INNER_DST = 5,
	ADDRESS_NONE = 6,
};

enum {
	HAS_PROTOCOL = 1,
	HAS_PORTS = 2,
	HAS_HOME = 4,
	HAS_ROUTING2 = 8,
	HAS_INNER = 16,
};

enum {
	SHIFT_FLOW_LABEL = 0,
	SHIFT_DPORT = 20,
	SHIFT_SPORT = 36,
	SHIFT_PROTOCOL = 52,
};

enum {
	VERDICT_CARRY = 0,
	VERDICT_SLOW = 1,
	VERDICT_DROP = 2,
};

enum {
	DO_POP = 1,
	DO_APPLY_HOME = 2,
	DO_APPLY_ROUTING2 = 4,
	DO_INSERT_HOME = 8,
	DO_INSERT_ROUTING2 = 16,
	DO_PUSH = 32,
	DO_NOTIFY = 64,
	DO_NOTIFY_CONNECTION = 128,
};

enum {
	RULE_LOCAL = 1,
	RULE_MOBILITY = 2,
};

enum {
	SHAPE_INCOMPLETE = 1,
};

enum {
	SLOW_COPY = 1,
	SLOW_LEAVING = 2,
};

enum {
	TOTAL_LEAVING = 0,
	TOTAL_ARRIVING = 1,
	TOTAL_UNMATCHED = 2,
	TOTAL_NOTICES = 3,
	TOTAL_DROPPED = 4,
	TOTAL_FAILED = 5,
	TOTAL_SLOW_ENTRY = 6,
	TOTAL_SLOW_HEADERS = 7,
	TOTAL_SLOW_TIE = 8,
	TOTAL_SLOW_UNSURE = 9,
	TOTAL_SLOW_DEPTH = 10,
	TOTAL_SLOW_TOO_BIG = 11,
	TOTAL_SLOW_NO_NEIGHBOUR = 12,
	TOTAL_SLOW_NO_ROUTE = 13,
	TOTAL_SLOW_LOCAL = 14,
};

/* A combination of fields and prefix lengths that entries ask for. */
struct shape {
	__u64 numbers;
	__u64 masks[12];
	__u8 picks[8];
	__u32 id;
	__u32 rank;
	__u16 need;
	__u8 flags;
	__u8 wide;
	__u32 reserved;
};
_Static_assert(__builtin_offsetof(struct shape, numbers) == 0, "shape.numbers");
_Static_assert(__builtin_offsetof(struct shape, masks) == 8, "shape.masks");
_Static_assert(__builtin_offsetof(struct shape, picks) == 104, "shape.picks");
_Static_assert(__builtin_offsetof(struct shape, id) == 112, "shape.id");
_Static_assert(__builtin_offsetof(struct shape, rank) == 116, "shape.rank");
_Static_assert(__builtin_offsetof(struct shape, need) == 120, "shape.need");
_Static_assert(__builtin_offsetof(struct shape, flags) == 122, "shape.flags");
_Static_assert(__builtin_offsetof(struct shape, wide) == 123, "shape.wide");
_Static_assert(__builtin_offsetof(struct shape, reserved) == 124, "shape.reserved");
_Static_assert(sizeof(struct shape) == 128, "shape");

/* Which list of shapes is in use at a hook. */
struct heading {
	__u32 count;
	__u32 generation;
};
_Static_assert(__builtin_offsetof(struct heading, count) == 0, "heading.count");
_Static_assert(__builtin_offsetof(struct heading, generation) == 4, "heading.generation");
_Static_assert(sizeof(struct heading) == 8, "heading");

/* What packets of a shape must have. */
struct narrow_key {
	__u32 shape;
	__u32 reserved;
	__u64 numbers;
	__u64 addresses[4];
};
_Static_assert(__builtin_offsetof(struct narrow_key, shape) == 0, "narrow_key.shape");
_Static_assert(__builtin_offsetof(struct narrow_key, reserved) == 4, "narrow_key.reserved");
_Static_assert(__builtin_offsetof(struct narrow_key, numbers) == 8, "narrow_key.numbers");
_Static_assert(__builtin_offsetof(struct narrow_key, addresses) == 16, "narrow_key.addresses");
_Static_assert(sizeof(struct narrow_key) == 48, "narrow_key");

/* The same with up to six addresses. */
struct wide_key {
	__u32 shape;
	__u32 reserved;
	__u64 numbers;
	__u64 addresses[12];
};
_Static_assert(__builtin_offsetof(struct wide_key, shape) == 0, "wide_key.shape");
_Static_assert(__builtin_offsetof(struct wide_key, reserved) == 4, "wide_key.reserved");
_Static_assert(__builtin_offsetof(struct wide_key, numbers) == 8, "wide_key.numbers");
_Static_assert(__builtin_offsetof(struct wide_key, addresses) == 16, "wide_key.addresses");
_Static_assert(sizeof(struct wide_key) == 112, "wide_key");

/* What is done with packets that have the key. */
struct rule {
	__u64 expires;
	__u32 slot;
	__s32 priority;
	__u8 verdict;
	__u8 operations;
	__u8 flags;
	__u8 growth;
	__u32 reserved;
	__u64 home_care_of[2];
	__u64 routing_care_of[2];
	__u64 tunnel_src[2];
	__u64 tunnel_dst[2];
};
_Static_assert(__builtin_offsetof(struct rule, expires) == 0, "rule.expires");
_Static_assert(__builtin_offsetof(struct rule, slot) == 8, "rule.slot");
_Static_assert(__builtin_offsetof(struct rule, priority) == 12, "rule.priority");
_Static_assert(__builtin_offsetof(struct rule, verdict) == 16, "rule.verdict");
_Static_assert(__builtin_offsetof(struct rule, operations) == 17, "rule.operations");
_Static_assert(__builtin_offsetof(struct rule, flags) == 18, "rule.flags");
_Static_assert(__builtin_offsetof(struct rule, growth) == 19, "rule.growth");
_Static_assert(__builtin_offsetof(struct rule, reserved) == 20, "rule.reserved");
_Static_assert(__builtin_offsetof(struct rule, home_care_of) == 24, "rule.home_care_of");
_Static_assert(__builtin_offsetof(struct rule, routing_care_of) == 40, "rule.routing_care_of");
_Static_assert(__builtin_offsetof(struct rule, tunnel_src) == 56, "rule.tunnel_src");
_Static_assert(__builtin_offsetof(struct rule, tunnel_dst) == 72, "rule.tunnel_dst");
_Static_assert(sizeof(struct rule) == 88, "rule");

/* Rules of one key, in order of precedence. */
struct bucket {
	struct rule rules[2];
	__u32 count;
	__u32 mobility;
};
_Static_assert(__builtin_offsetof(struct bucket, rules) == 0, "bucket.rules");
_Static_assert(__builtin_offsetof(struct bucket, count) == 176, "bucket.count");
_Static_assert(__builtin_offsetof(struct bucket, mobility) == 180, "bucket.mobility");
_Static_assert(sizeof(struct bucket) == 184, "bucket");

/* What holds for all packets. */
struct settings {
	__u32 slow_device;
	__u32 anchor;
	__u32 encapsulation_limit;
	__u32 all_slow;
	__u32 path_mtus;
};
_Static_assert(__builtin_offsetof(struct settings, slow_device) == 0, "settings.slow_device");
_Static_assert(__builtin_offsetof(struct settings, anchor) == 4, "settings.anchor");
_Static_assert(__builtin_offsetof(struct settings, encapsulation_limit) == 8, "settings.encapsulation_limit");
_Static_assert(__builtin_offsetof(struct settings, all_slow) == 12, "settings.all_slow");
_Static_assert(__builtin_offsetof(struct settings, path_mtus) == 16, "settings.path_mtus");
_Static_assert(sizeof(struct settings) == 20, "settings");

/* What an entry has carried on one processor. */
struct use {
	__u64 packets;
	__u64 octets;
};
_Static_assert(__builtin_offsetof(struct use, packets) == 0, "use.packets");
_Static_assert(__builtin_offsetof(struct use, octets) == 8, "use.octets");
_Static_assert(sizeof(struct use) == 16, "use");

/* What a path was found to carry, in octets. */
struct path_mtu {
	__u64 expires;
	__u32 octets;
	__u32 reserved;
};
_Static_assert(__builtin_offsetof(struct path_mtu, expires) == 0, "path_mtu.expires");
_Static_assert(__builtin_offsetof(struct path_mtu, octets) == 8, "path_mtu.octets");
_Static_assert(__builtin_offsetof(struct path_mtu, reserved) == 12, "path_mtu.reserved");
_Static_assert(sizeof(struct path_mtu) == 16, "path_mtu");

/* Of whom the control side was told for an entry. */
struct told_key {
	__u64 src[2];
	__u64 dst[2];
	__u32 slot;
	__u32 connection;
};
_Static_assert(__builtin_offsetof(struct told_key, src) == 0, "told_key.src");
_Static_assert(__builtin_offsetof(struct told_key, dst) == 16, "told_key.dst");
_Static_assert(__builtin_offsetof(struct told_key, slot) == 32, "told_key.slot");
_Static_assert(__builtin_offsetof(struct told_key, connection) == 36, "told_key.connection");
_Static_assert(sizeof(struct told_key) == 40, "told_key");

/* An entry as the next process takes it up. */
struct ledger_row {
	struct shape shape[1];
	struct wide_key key[1];
	struct rule rule[1];
	__u32 id_size;
	__u32 reserved;
	__u8 id[200];
};
_Static_assert(__builtin_offsetof(struct ledger_row, shape) == 0, "ledger_row.shape");
_Static_assert(__builtin_offsetof(struct ledger_row, key) == 128, "ledger_row.key");
_Static_assert(__builtin_offsetof(struct ledger_row, rule) == 240, "ledger_row.rule");
_Static_assert(__builtin_offsetof(struct ledger_row, id_size) == 328, "ledger_row.id_size");
_Static_assert(__builtin_offsetof(struct ledger_row, reserved) == 332, "ledger_row.reserved");
_Static_assert(__builtin_offsetof(struct ledger_row, id) == 336, "ledger_row.id");
_Static_assert(sizeof(struct ledger_row) == 536, "ledger_row");
