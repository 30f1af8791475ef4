/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps that the programs and the control side share.
 *
 * Declared in the plain way of five numbers, which a loader reads without BTF. What is in their keys
 * and values: src/linux/ebpf/layout.ts.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "generated/layout.h"

struct map_definition {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 flags;
};

#define MAP(name, map_type, key, value, count, map_flags)                                      \
	struct map_definition name SEC("maps") = {                                             \
		.type = map_type,                                                              \
		.key_size = key,                                                               \
		.value_size = value,                                                           \
		.max_entries = count,                                                          \
		.flags = map_flags,                                                            \
	}

/* One element: struct settings. */
MAP(settings, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct settings), 1, 0);
/* For each hook (0 arriving, 1 leaving) which list of `shapes` is in use. */
MAP(headings, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct heading), 2, 0);
/* (hook * GENERATIONS + generation) * MAX_SHAPES + position, most specific first. */
MAP(shapes, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct shape), 2 * GENERATIONS * MAX_SHAPES, 0);
/* Entries of shapes with at most two addresses, and with more. */
MAP(narrow, BPF_MAP_TYPE_HASH, sizeof(struct narrow_key), sizeof(struct bucket),
    MAX_KERNEL_ENTRIES, BPF_F_NO_PREALLOC);
MAP(wide, BPF_MAP_TYPE_HASH, sizeof(struct wide_key), sizeof(struct bucket),
    MAX_KERNEL_ENTRIES, BPF_F_NO_PREALLOC);
/* Slot of an entry -> what it has carried. */
MAP(uses, BPF_MAP_TYPE_PERCPU_HASH, 4, sizeof(struct use), MAX_KERNEL_ENTRIES, BPF_F_NO_PREALLOC);
/* Slot of an entry -> what the next process needs to know of it; not read here. */
MAP(ledger, BPF_MAP_TYPE_HASH, 4, sizeof(struct ledger_row), MAX_KERNEL_ENTRIES,
    BPF_F_NO_PREALLOC);
/* Addresses of this host. */
MAP(own, BPF_MAP_TYPE_HASH, 16, 4, MAX_OWN_ADDRESSES, BPF_F_NO_PREALLOC);
/* Destination -> what its path can carry, as the control side learned it. */
MAP(path_mtus, BPF_MAP_TYPE_LRU_HASH, 16, sizeof(struct path_mtu), MAX_PATH_MTUS, 0);
/* Entry and pair of addresses -> when the control side was last told of it. */
MAP(told, BPF_MAP_TYPE_LRU_HASH, sizeof(struct told_key), 8, MAX_TOLD, 0);
MAP(totals, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, TOTALS, 0);
/* Element 0: `arrival_round`. */
MAP(programs, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0);
