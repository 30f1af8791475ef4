/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that leave by the anchor device: one entry puts headers on, and the routes of the host say
 * where to, as for a packet that was forwarded from the anchor.
 *
 * What is not taken goes on to the anchor's own user, which is the slow path.
 */
#pragma once
#include <linux/pkt_cls.h>
#include "find.h"
#include "notice.h"
#include "parse.h"
#include "way.h"

/* Hop limit of the header that `push` makes: TUNNEL_HOP_LIMIT of rewrite.ts (RFC 2473 section 6.3). */
#define TUNNEL_HOP_LIMIT 64

struct ipv6_header {
	__be32 first_word;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	struct address src;
	struct address dst;
};

struct inserted_header {
	__u8 next_header;
	__u8 length;
	__u8 octets[6];
	struct address address;
};

static __always_inline int to_anchor(__u32 total)
{
	count(total);
	return TC_ACT_UNSPEC;
}

/* Can what the rule asks be done to this packet here? */
static __always_inline int can_do(const struct passage *p, const struct rule *rule,
				  const struct settings *settings)
{
	/* Where other headers are, ours have to find their place among them. */
	if (rule->operations & (DO_INSERT_HOME | DO_INSERT_ROUTING2) && is_extension(p->next_header))
		return 0;
	if (p->length + rule->growth > MAX_PACKET)
		return 0;
	if (!(rule->operations & DO_PUSH))
		return 1;
	/* In how many tunnels it is, is counted to one; what is in UDP may be in more. */
	if (p->unsure & HAS_INNER)
		return 0;
	if (p->protocol == IPPROTO_IPV6)
		return settings->encapsulation_limit > 1 && p->inner_next_header != IPPROTO_IPV6 &&
		       p->inner_next_header != IPPROTO_UDP &&
		       !is_extension(p->inner_next_header);
	return settings->encapsulation_limit > 0;
}

/*
 * Octets of the longest packet that goes over the wire: of a packet that is to be cut up later, one
 * segment with its headers. 0 where that cannot be told.
 */
static __always_inline __u32 wire_length(struct __sk_buff *skb, struct passage *p, __u32 l2)
{
	__u32 upper = p->upper_at;
	__u8 protocol = p->protocol;
	__u8 offset;

	if (!skb->gso_size)
		return p->length;
	if (protocol == IPPROTO_IPV6) {
		protocol = p->inner_next_header;
		upper += IPV6_HEADER;
	}
	if (protocol == IPPROTO_UDP)
		return upper + 8 + skb->gso_size;
	if (protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, l2 + upper + 12, &offset, 1))
		return 0;
	return upper + 4 * (offset >> 4) + skb->gso_size;
}

static __always_inline int insert_headers(struct __sk_buff *skb, struct passage *p,
					  const struct rule *rule)
{
	struct inserted_header header = {};
	__u32 both = DO_INSERT_HOME | DO_INSERT_ROUTING2;
	__u32 size = (rule->operations & both) == both ? 2 * INSERTED : INSERTED;
	__be16 length = bpf_htons(p->length - IPV6_HEADER + size);
	__u8 next = p->next_header;

	header.length = INSERTED / 8 - 1;
	if (bpf_skb_adjust_room(skb, size, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO))
		return -1;
	if (rule->operations & DO_INSERT_HOME) {
		header.next_header = next;
		header.octets[0] = OPTION_PADN;
		header.octets[1] = 2;
		header.octets[4] = OPTION_HOME_ADDRESS;
		header.octets[5] = 16;
		header.address = p->addresses[ADDRESS_SRC];
		if (bpf_skb_store_bytes(skb, ETH_HLEN + IPV6_HEADER + size - INSERTED, &header,
					INSERTED, BPF_F_RECOMPUTE_CSUM) ||
		    bpf_skb_store_bytes(skb, ETH_HLEN + 8, rule->home_care_of, 16,
					BPF_F_RECOMPUTE_CSUM))
			return -1;
		next = IPPROTO_DSTOPTS;
	}
	if (rule->operations & DO_INSERT_ROUTING2) {
		header.next_header = next;
		header.octets[0] = 2;
		header.octets[1] = 1;
		header.octets[4] = 0;
		header.octets[5] = 0;
		header.address = p->addresses[ADDRESS_DST];
		if (bpf_skb_store_bytes(skb, ETH_HLEN + IPV6_HEADER, &header, INSERTED,
					BPF_F_RECOMPUTE_CSUM) ||
		    bpf_skb_store_bytes(skb, ETH_HLEN + 24, rule->routing_care_of, 16,
					BPF_F_RECOMPUTE_CSUM))
			return -1;
		next = IPPROTO_ROUTING;
	}
	p->length += size;
	if (bpf_skb_store_bytes(skb, ETH_HLEN + 4, &length, 2, BPF_F_RECOMPUTE_CSUM))
		return -1;
	return bpf_skb_store_bytes(skb, ETH_HLEN + 6, &next, 1, BPF_F_RECOMPUTE_CSUM);
}

/* RFC 2473 section 3.1, RFC 6040 section 4.1: traffic class as inside, flow label 0. */
static __always_inline int push_header(struct __sk_buff *skb, struct passage *p,
				       const struct rule *rule)
{
	struct ipv6_header header = {
		.first_word = bpf_htonl(p->first_word & 0xfff00000),
		.payload_length = bpf_htons(p->length),
		.next_header = IPPROTO_IPV6,
		.hop_limit = TUNNEL_HOP_LIMIT,
	};

	__builtin_memcpy(&header.src, rule->tunnel_src, 16);
	__builtin_memcpy(&header.dst, rule->tunnel_dst, 16);
	if (bpf_skb_adjust_room(skb, IPV6_HEADER, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6))
		return -1;
	return bpf_skb_store_bytes(skb, ETH_HLEN, &header, IPV6_HEADER, BPF_F_RECOMPUTE_CSUM);
}

/* The way of the packet as it will be. Gives 0, or which total the slow path counts under. */
static __always_inline int way_of(struct __sk_buff *skb, struct passage *p,
				  const struct rule *rule, const struct settings *settings,
				  __u32 length, struct way *way)
{
	__u32 operations = rule ? rule->operations : 0;
	struct address src = p->addresses[ADDRESS_SRC];
	struct address dst = p->addresses[ADDRESS_DST];
	struct path_mtu *learned;

	if (rule && operations & DO_INSERT_HOME)
		__builtin_memcpy(&src, rule->home_care_of, 16);
	if (rule && operations & DO_INSERT_ROUTING2)
		__builtin_memcpy(&dst, rule->routing_care_of, 16);
	if (rule && operations & DO_PUSH) {
		__builtin_memcpy(&src, rule->tunnel_src, 16);
		__builtin_memcpy(&dst, rule->tunnel_dst, 16);
	}
	if (settings->path_mtus) {
		learned = bpf_map_lookup_elem(&path_mtus, &dst);
		if (learned && length > learned->octets &&
		    bpf_ktime_get_boot_ns() < learned->expires)
			return TOTAL_SLOW_TOO_BIG;
	}
	return find_way(skb, &src, &dst, bpf_htonl(p->first_word & 0x0fffffff),
			operations & DO_PUSH ? IPPROTO_IPV6 : p->protocol, length, settings, way);
}

/* From here on the packet is changed; what fails now is lost. */
static __always_inline int send_leaving(struct __sk_buff *skb, struct passage *p,
					const struct rule *rule, struct settings *settings,
					const struct way *way, __u32 l2)
{
	struct bpf_redir_neigh next = { .nh_family = ADDRESS_FAMILY_IPV6 };
	__be16 ethertype = bpf_htons(ETH_P_IPV6);
	__u32 octets = p->length;
	__u32 connection = 0;
	int counted = 1;

	/* bpf_redirect_neigh wants an Ethernet header to replace; without one it drops in silence. */
	if (!l2 && (bpf_skb_change_head(skb, ETH_HLEN, 0) ||
		    bpf_skb_store_bytes(skb, 2 * ETH_ALEN, &ethertype, 2, 0)))
		goto lost;
	if (rule && rule->operations & DO_NOTIFY_CONNECTION)
		connection = connection_change(skb, p);
	if (rule && (rule->operations & DO_NOTIFY || connection)) {
		set_telling(p, rule->slot, connection);
		if (is_notice_due(p) && send_copy(skb, settings, SLOW_LEAVING) == 0)
			counted = 0; /* who executes the copy counts it */
	}
	if (rule && rule->operations & (DO_INSERT_HOME | DO_INSERT_ROUTING2) &&
	    insert_headers(skb, p, rule))
		goto lost;
	if (rule && rule->operations & DO_PUSH && push_header(skb, p, rule))
		goto lost;
	if (rule && counted)
		count_use(rule->slot, octets);
	count(rule ? TOTAL_LEAVING : TOTAL_UNMATCHED);
	__builtin_memcpy(next.ipv6_nh, &way->next_hop, 16);
	return bpf_redirect_neigh(way->ifindex, &next, sizeof(next), 0);
lost:
	count(TOTAL_FAILED);
	return TC_ACT_SHOT;
}

static __always_inline int is_for_the_link(const struct passage *p)
{
	return is_multicast(&p->addresses[ADDRESS_DST]) ||
	       is_link_local(&p->addresses[ADDRESS_DST]) ||
	       is_link_local(&p->addresses[ADDRESS_SRC]);
}

/* `l2`: octets before the IPv6 header, 0 on the anchor itself. */
static __always_inline int leave(struct __sk_buff *skb, __u32 l2)
{
	struct settings *settings = our_settings();
	struct passage *p = this_passage();
	struct way way;
	const struct rule *rule = 0;
	__u32 length;
	int refused;

	if (!p || !settings || skb->protocol != bpf_htons(ETH_P_IPV6))
		return TC_ACT_UNSPEC;
	if (settings->all_slow & 2)
		return to_anchor(TOTAL_SLOW_UNSURE);
	p->at = 0;
	if (parse(skb, p, l2) != PARSED)
		return to_anchor(TOTAL_SLOW_HEADERS);
	if (is_for_the_link(p))
		return to_anchor(TOTAL_SLOW_LOCAL);
	if (p->odd)
		return to_anchor(TOTAL_SLOW_HEADERS);
	switch (find(p, 1)) {
	case FOUND_UNSURE:
		return to_anchor(TOTAL_SLOW_UNSURE);
	case FOUND_TIE:
		return to_anchor(TOTAL_SLOW_TIE);
	case FOUND:
		rule = &p->rule;
		break;
	case FOUND_NONE:
		break;
	}
	if (rule && rule->verdict == VERDICT_SLOW)
		return to_anchor(TOTAL_SLOW_ENTRY);
	if (rule && rule->verdict == VERDICT_DROP) {
		count_use(rule->slot, p->length);
		count(TOTAL_DROPPED);
		return TC_ACT_SHOT;
	}
	if (rule && !can_do(p, rule, settings))
		return to_anchor(TOTAL_SLOW_DEPTH);
	length = wire_length(skb, p, l2);
	if (!length)
		return to_anchor(TOTAL_SLOW_HEADERS);
	refused = way_of(skb, p, rule, settings, length + (rule ? rule->growth : 0), &way);
	if (refused)
		return to_anchor(refused);
	return send_leaving(skb, p, rule, settings, &way, l2);
}
