/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which entry is for a packet: the search of src/core/forwarding/table.ts, in the same order.
 *
 * Combinations of fields ("shapes") are tried most specific first, each with one look-up of the
 * fields that it asks for.
 */
#pragma once
#include "passage.h"

enum found {
	FOUND,
	FOUND_NONE,
	/* An entry that the kernel cannot judge may be for it. */
	FOUND_UNSURE,
	FOUND_TIE,
};

static __always_inline void mask_address(__u64 *into, const struct passage *p,
					 const struct shape *shape, int place)
{
	const struct address *from = &p->addresses[shape->picks[place] & 7];

	into[2 * place] = from->words[0] & shape->masks[2 * place];
	into[2 * place + 1] = from->words[1] & shape->masks[2 * place + 1];
}

static __always_inline struct bucket *look_up(const struct passage *p, const struct shape *shape)
{
	if (shape->wide) {
		struct wide_key key = {
			.shape = shape->id,
			.numbers = p->numbers & shape->numbers,
		};

		mask_address(key.addresses, p, shape, 0);
		mask_address(key.addresses, p, shape, 1);
		mask_address(key.addresses, p, shape, 2);
		mask_address(key.addresses, p, shape, 3);
		mask_address(key.addresses, p, shape, 4);
		mask_address(key.addresses, p, shape, 5);
		return bpf_map_lookup_elem(&wide, &key);
	}
	struct narrow_key key = {
		.shape = shape->id,
		.numbers = p->numbers & shape->numbers,
	};

	mask_address(key.addresses, p, shape, 0);
	mask_address(key.addresses, p, shape, 1);
	return bpf_map_lookup_elem(&narrow, &key);
}

/* May the rule be used now, and for this packet? -1 where that is not ours to say. */
static __always_inline int holds(const struct rule *rule, struct passage *p)
{
	if (rule->expires && bpf_ktime_get_boot_ns() >= rule->expires)
		return 0;
	if (!(rule->flags & RULE_LOCAL))
		return 1;
	/* Which groups the host is in the kernel's stack knows, and the slow path. */
	if (is_multicast(&p->addresses[ADDRESS_DST]))
		return -1;
	return bpf_map_lookup_elem(&own, &p->addresses[ADDRESS_DST]) != 0;
}

/* The first rule of a bucket that holds. */
static __always_inline struct rule *first_of(struct bucket *bucket, struct passage *p, int *unsure)
{
	int held = holds(&bucket->rules[0], p);

	if (held > 0)
		return &bucket->rules[0];
	if (held == 0 && bucket->count > 1) {
		held = holds(&bucket->rules[1], p);
		if (held > 0)
			return &bucket->rules[1];
	}
	*unsure |= held < 0;
	return 0;
}

/* Takes note of a rule that holds, unless one of the same rank is ahead of it. */
static __always_inline void consider(struct passage *p, const struct rule *here, __u32 rank)
{
	if (p->found && here->priority < p->rule.priority)
		return;
	/* The ids decide then, which are not here. */
	p->tie = p->found && here->priority == p->rule.priority;
	p->found = 1;
	p->rank = rank;
	p->rule = *here;
}

/* Leaves the entry's rule in p->rule. `hook`: 0 arriving, 1 leaving. */
static __always_inline enum found find(struct passage *p, __u32 hook)
{
	struct heading *heading = bpf_map_lookup_elem(&headings, &hook);
	struct heading list;

	p->found = 0;
	p->tie = 0;
	if (!heading)
		return FOUND_UNSURE;
	/* Both halves in one move: they are changed together. */
	*(__u64 *)&list = *(volatile __u64 *)heading;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MAX_SHAPES; i++) {
		__u32 index = (hook * GENERATIONS + list.generation) * MAX_SHAPES + i;
		struct bucket *bucket;
		struct shape *shape;
		struct rule *here;
		int unsure = 0;

		if (i >= list.count)
			break;
		shape = bpf_map_lookup_elem(&shapes, &index);
		if (!shape)
			break;
		if (p->found && shape->rank < p->rank)
			break;
		if (shape->need & p->unsure)
			return FOUND_UNSURE;
		if (shape->need & ~p->have)
			continue;
		bucket = look_up(p, shape);
		if (!bucket) {
			if (shape->flags & SHAPE_INCOMPLETE)
				return FOUND_UNSURE;
			continue;
		}
		/* Is it a Mobility Header message, which hardly an entry may touch? */
		if (p->unsure & HAS_PROTOCOL)
			return FOUND_UNSURE;
		if (p->protocol == PROTOCOL_MOBILITY) {
			if (bucket->mobility)
				return FOUND_UNSURE;
			continue;
		}
		here = first_of(bucket, p, &unsure);
		if (unsure)
			return FOUND_UNSURE;
		if (here)
			consider(p, here, shape->rank);
	}
	if (p->tie)
		return FOUND_TIE;
	return p->found ? FOUND : FOUND_NONE;
}
