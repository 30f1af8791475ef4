/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that came from a link: headers come off, and what is left goes on into the host's stack.
 *
 * Each round finds one entry and takes note of what it does. Only when no further round follows is
 * the packet changed. A round is a program of its own (a tail call), which keeps each of them small
 * for the verifier.
 */
#pragma once
#include <linux/pkt_cls.h>
#include "find.h"
#include "notice.h"
#include "parse.h"

/* Missing in headers older than Linux 6.1: the packet was IPv6 in IPv6 and is plain IPv6 now. */
#define ADJ_ROOM_DECAP_L3_IPV6 (1ULL << 8)

#define ECN_ECT_1 1
#define ECN_CE 3
/* The ECN field in the first word of an IPv6 header. */
#define ECN_SHIFT 20

/* To the next program there, and in the end to the stack; the same number as TCX_NEXT. */
#define GO_ON TC_ACT_UNSPEC

static __always_inline int to_slow_device(struct __sk_buff *skb, __u32 total)
{
	struct settings *settings = our_settings();

	count(total);
	if (!settings || address_frame(skb, 0))
		return TC_ACT_SHOT;
	return bpf_redirect(settings->slow_device, 0);
}

/* RFC 6040 section 4.2, Figure 4. Gives 0 where the packet has to be dropped. */
static __always_inline int take_over_congestion(struct passage *p)
{
	__u32 inner = p->first_word >> ECN_SHIFT & 3;
	__u32 after = inner;

	if (p->outer_ecn == ECN_CE) {
		if (inner == 0)
			return 0;
		after = ECN_CE;
	} else if (p->outer_ecn == ECN_ECT_1 && inner == 2) {
		after = ECN_ECT_1;
	}
	if (after != inner) {
		p->first_word = (p->first_word & ~(3U << ECN_SHIFT)) | after << ECN_SHIFT;
		p->remarked = 1;
	}
	return 1;
}

/* Takes note of what an entry does. Gives 0 where the slow path has to do it. */
static __always_inline int take_note(struct passage *p, const struct rule *rule)
{
	__u32 removed = INSERTED * ((__u32)p->without_home + p->without_routing2);
	__u8 todo = rule->operations;

	if (p->depth >= MAX_DEPTH)
		return 0;
	p->met_slots[p->depth & (MAX_DEPTH - 1)] = rule->slot;
	p->met_octets[p->depth & (MAX_DEPTH - 1)] = p->length - removed;
	p->depth += 1;
	if (todo & DO_APPLY_ROUTING2) {
		if (!(p->have & HAS_ROUTING2))
			return 0;
		p->addresses[ADDRESS_DST] = p->addresses[ADDRESS_ROUTING2];
		p->have &= ~HAS_ROUTING2;
		p->without_routing2 = 1;
	}
	if (todo & DO_APPLY_HOME) {
		/* A header that stays before the option would have to be stepped over. */
		if (!(p->have & HAS_HOME) || p->have & HAS_ROUTING2)
			return 0;
		p->addresses[ADDRESS_SRC] = p->addresses[ADDRESS_HOME];
		p->have &= ~HAS_HOME;
		p->without_home = 1;
	}
	if (todo & DO_POP) {
		if (p->protocol != IPPROTO_IPV6 || !(p->have & HAS_INNER))
			return 0;
		p->outer_ecn = p->first_word >> ECN_SHIFT & 3;
		p->at += p->upper_at;
		p->without_home = 0;
		p->without_routing2 = 0;
		p->remarked = 0;
		p->parse_again = 1;
	}
	if (todo & DO_NOTIFY) {
		if (p->notify_pending || p->notify_due)
			return 0;
		if (todo & (DO_POP | DO_APPLY_HOME | DO_APPLY_ROUTING2)) {
			/* The addresses to tell are known when what comes out has been read. */
			p->notify_pending = 1;
			p->notify_slot = rule->slot;
		} else {
			p->notify_due = 1;
			set_telling(p, rule->slot, 0);
		}
	}
	return 1;
}

/* Writes the IPv6 header as it will be, then takes out what stood behind it. */
static __always_inline int remove_headers(struct __sk_buff *skb, struct passage *p)
{
	__u32 removed = INSERTED * ((__u32)p->without_home + p->without_routing2);
	__be16 length = bpf_htons(p->length - IPV6_HEADER - removed);
	__u8 next;

	/* What follows the last header that goes: its first octet says. */
	if (bpf_skb_load_bytes(skb, ETH_HLEN + IPV6_HEADER + removed - INSERTED, &next, 1) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN + 4, &length, 2, BPF_F_RECOMPUTE_CSUM) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN + 6, &next, 1, BPF_F_RECOMPUTE_CSUM) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN + 8, &p->addresses[ADDRESS_SRC], 16,
				BPF_F_RECOMPUTE_CSUM) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN + 24, &p->addresses[ADDRESS_DST], 16,
				BPF_F_RECOMPUTE_CSUM))
		return -1;
	return bpf_skb_adjust_room(skb, -(__s32)removed, BPF_ADJ_ROOM_NET,
				   BPF_F_ADJ_ROOM_FIXED_GSO);
}

/*
 * Where a packet that came out of a tunnel goes on. One for this host stays. One that this host forwards has
 * come by the tunnel, not by the link that carried it: forwarded as from that link it might leave by it
 * again, and the stack would tell its sender of a better first hop (RFC 4861 section 8.2).
 */
static __always_inline int out_of_tunnel(struct settings *settings, struct passage *p)
{
	if (!settings || bpf_map_lookup_elem(&own, &p->addresses[ADDRESS_DST]))
		return GO_ON;
	return bpf_redirect(settings->anchor, BPF_F_INGRESS);
}

/* Does all that was noted, and lets the packet go on. */
static __always_inline int finish_arriving(struct __sk_buff *skb, struct passage *p)
{
	struct settings *settings = our_settings();
	int counted = 1;

	if (p->notify_due && is_notice_due(p)) {
		if (!settings || send_copy(skb, settings, 0) == 0)
			counted = 0; /* who executes the copy counts it */
	}
	if (p->at > 0) {
		__s32 outer = p->at;

		if (bpf_skb_adjust_room(skb, -outer, BPF_ADJ_ROOM_MAC,
					BPF_F_ADJ_ROOM_FIXED_GSO | ADJ_ROOM_DECAP_L3_IPV6))
			/* Such as a super-packet of a kind that the kernel cannot shorten. */
			return to_slow_device(skb, TOTAL_SLOW_HEADERS);
	}
	if (p->remarked) {
		__u8 octet = p->first_word >> 16;

		if (bpf_skb_store_bytes(skb, ETH_HLEN + 1, &octet, 1, BPF_F_RECOMPUTE_CSUM))
			goto lost;
	}
	if ((p->without_home || p->without_routing2) && remove_headers(skb, p))
		goto lost;
	for (int i = 0; i < MAX_DEPTH; i++)
		if (counted && i < p->depth)
			count_use(p->met_slots[i], p->met_octets[i]);
	count(TOTAL_ARRIVING);
	return p->at > 0 ? out_of_tunnel(settings, p) : GO_ON;
lost:
	count(TOTAL_FAILED);
	return TC_ACT_SHOT;
}

/* An entry says so: it ends here. The entries that it met until then have counted it all the same. */
static __always_inline int drop_arriving(struct passage *p, const struct rule *rule)
{
	for (int i = 0; i < MAX_DEPTH; i++)
		if (i < p->depth)
			count_use(p->met_slots[i], p->met_octets[i]);
	count_use(rule->slot,
		  p->length - INSERTED * ((__u32)p->without_home + p->without_routing2));
	count(TOTAL_DROPPED);
	return TC_ACT_SHOT;
}

/*
 * May it answer a question of the control side, which asks about paths? Those answers come as they are:
 * what came in a tunnel, or behind a header, a program has asked for.
 */
static __always_inline int answers_us(const struct passage *p)
{
	return p->reply && p->at == 0 && p->upper_at == IPV6_HEADER && !p->without_home &&
	       !p->without_routing2 && bpf_map_lookup_elem(&own, &p->addresses[ADDRESS_DST]);
}

/* One round. What it met before is in `p`. */
static __always_inline int meet(struct __sk_buff *skb, struct passage *p)
{
	const struct rule *rule = &p->rule;

	switch (find(p, 0)) {
	case FOUND_NONE:
		if (!p->depth)
			return GO_ON;
		if (answers_us(p))
			return to_slow_device(skb, TOTAL_SLOW_HEADERS);
		return finish_arriving(skb, p);
	case FOUND_UNSURE:
		return to_slow_device(skb, TOTAL_SLOW_UNSURE);
	case FOUND_TIE:
		return to_slow_device(skb, TOTAL_SLOW_TIE);
	case FOUND:
		break;
	}
	if (rule->verdict == VERDICT_SLOW)
		return to_slow_device(skb, TOTAL_SLOW_ENTRY);
	if (p->depth >= MAX_DEPTH)
		return to_slow_device(skb, TOTAL_SLOW_DEPTH);
	if (p->odd || answers_us(p))
		return to_slow_device(skb, TOTAL_SLOW_HEADERS);
	if (rule->verdict == VERDICT_DROP) {
		if (p->notify_due)
			return to_slow_device(skb, TOTAL_SLOW_ENTRY);
		return drop_arriving(p, rule);
	}
	if (!take_note(p, rule))
		return to_slow_device(skb, TOTAL_SLOW_HEADERS);
	if (!(rule->operations & (DO_POP | DO_APPLY_HOME | DO_APPLY_ROUTING2)))
		return finish_arriving(skb, p);
	bpf_tail_call(skb, &programs, 0);
	/* Not reached unless the kernel allows no further program. */
	return to_slow_device(skb, TOTAL_SLOW_DEPTH);
}

/* Reads the packet as it is in this round, and has it meet the table. */
static __always_inline int next_round(struct __sk_buff *skb, struct passage *p)
{
	if (p->parse_again) {
		enum parsed parsed = parse(skb, p, ETH_HLEN);

		if (parsed == PARSED_FOREIGN && !p->depth)
			return GO_ON;
		if (parsed != PARSED)
			return to_slow_device(skb, TOTAL_SLOW_HEADERS);
		if (p->depth && (p->odd || !take_over_congestion(p)))
			return to_slow_device(skb, TOTAL_SLOW_HEADERS);
		p->parse_again = 0;
	}
	if (p->notify_pending) {
		p->notify_pending = 0;
		p->notify_due = 1;
		set_telling(p, p->notify_slot, 0);
	}
	return meet(skb, p);
}

/* A packet from a link, in its first round. */
static __always_inline int arrive(struct __sk_buff *skb)
{
	struct settings *settings = our_settings();
	struct passage *p = this_passage();

	/* For another host, or for another device on top of this one: none of ours. */
	if (skb->protocol != bpf_htons(ETH_P_IPV6) || skb->vlan_present ||
	    skb->pkt_type == PACKET_OTHERHOST)
		return GO_ON;
	if (!p || !settings)
		return GO_ON;
	if (settings->all_slow & 1)
		return to_slow_device(skb, TOTAL_SLOW_UNSURE);
	p->at = 0;
	p->depth = 0;
	p->without_home = 0;
	p->without_routing2 = 0;
	p->remarked = 0;
	p->parse_again = 1;
	p->notify_pending = 0;
	p->notify_due = 0;
	bpf_tail_call(skb, &programs, 0);
	return to_slow_device(skb, TOTAL_SLOW_DEPTH);
}
