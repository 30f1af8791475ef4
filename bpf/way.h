/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of a packet as it will be, by the host's routes.
 *
 * The kernel is asked once for packets that are alike, and asked again after a short time: so what
 * changes in routes, rules or neighbours holds for all packets that soon.
 */
#pragma once
#include "passage.h"

#define ADDRESS_FAMILY_IPV6 10
/* Nanoseconds for which an answer holds. */
#define WAY_LIFETIME 10000000ULL
/* Answers that are kept; another one for the same place takes it. */
#define WAY_BITS 8

/* What the answer depends on, and the answer. */
struct known_way {
	struct address src;
	struct address dst;
	__be32 flow;
	__u32 protocol;
	/* By the clock that does not count while the machine sleeps. */
	__u64 until;
	struct address next_hop;
	__u32 ifindex;
	__u32 mtu;
};

MAP(ways, BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct known_way), 1 << WAY_BITS, 0);

struct way {
	struct address next_hop;
	__u32 ifindex;
};

static __always_inline struct known_way *place_of_way(const struct address *src,
						      const struct address *dst, __be32 flow)
{
	__u64 mixed = dst->words[0] ^ dst->words[1] << 1 ^ src->words[0] << 2 ^
		      src->words[1] << 3 ^ flow;
	__u32 place = mixed * 0x9e3779b97f4a7c15ULL >> (64 - WAY_BITS);

	return bpf_map_lookup_elem(&ways, &place);
}

static __always_inline int is_same(const struct address *one, const struct address *other)
{
	return one->words[0] == other->words[0] && one->words[1] == other->words[1];
}

/*
 * Gives 0, or which total the slow path counts under.
 *
 * It is asked for as for a packet that came by the slow device, from which no rule steers back to the
 * anchor (src/linux/plane/steering.ts).
 *
 * A neighbour whose link address is not known is the slow path's: bpf_redirect_neigh would keep the
 * packet until it is, and then send it by the route that it came here with, without a link header
 * (seen with Linux 6.18).
 */
static __always_inline int ask_way(struct __sk_buff *skb, struct known_way *known, __u32 length,
				   const struct settings *settings)
{
	struct bpf_fib_lookup ask = {
		.family = ADDRESS_FAMILY_IPV6,
		.l4_protocol = known->protocol,
		.tot_len = length > 0xffff ? 0xffff : length,
		.ifindex = settings->slow_device,
		.flowinfo = known->flow,
	};
	int result;

	__builtin_memcpy(ask.ipv6_src, &known->src, 16);
	__builtin_memcpy(ask.ipv6_dst, &known->dst, 16);
	result = bpf_fib_lookup(skb, &ask, sizeof(ask), 0);
	if (result == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return TOTAL_SLOW_TOO_BIG;
	if (result == BPF_FIB_LKUP_RET_NO_NEIGH)
		return TOTAL_SLOW_NO_NEIGHBOUR;
	if (result != BPF_FIB_LKUP_RET_SUCCESS || ask.ifindex == skb->ifindex)
		return TOTAL_SLOW_NO_ROUTE;
	__builtin_memcpy(&known->next_hop, ask.ipv6_dst, 16);
	known->ifindex = ask.ifindex;
	known->mtu = ask.mtu_result;
	return 0;
}

/* The way of a packet of so many octets, from and to these addresses. Gives what `ask_way` gives. */
static __always_inline int find_way(struct __sk_buff *skb, const struct address *src,
				    const struct address *dst, __be32 flow, __u32 protocol,
				    __u32 length, const struct settings *settings, struct way *way)
{
	struct known_way *known = place_of_way(src, dst, flow);
	__u64 now = bpf_ktime_get_ns();
	int refused;

	if (!known)
		return TOTAL_SLOW_NO_ROUTE;
	if (now >= known->until || length > known->mtu || known->flow != flow ||
	    known->protocol != protocol || !is_same(&known->dst, dst) ||
	    !is_same(&known->src, src)) {
		known->until = 0;
		known->src = *src;
		known->dst = *dst;
		known->flow = flow;
		known->protocol = protocol;
		refused = ask_way(skb, known, length, settings);
		if (refused)
			return refused;
		known->until = now + WAY_LIFETIME;
	}
	way->next_hop = known->next_hop;
	way->ifindex = known->ifindex;
	return 0;
}
