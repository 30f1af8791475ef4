/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the table asks of a packet, read as src/core/forwarding/packet-view.ts and
 * src/wire/walk.ts read it. Where this reads less than those, the field is marked unsure.
 */
#pragma once
#include "passage.h"

enum parsed {
	PARSED,
	/* Not IPv6 after all. */
	PARSED_FOREIGN,
	/* Cut short: the slow path says what becomes of it. */
	PARSED_SHORT,
};

/*
 * The two layouts that careof itself writes: a Type 2 Routing header with one segment left, and a
 * Destination Options header of PadN and Home Address, each 24 octets, in this order.
 */
static __always_inline void take_extension(struct passage *p, __u8 kind, __u32 size)
{
	const __u8 *e = p->extension;

	if (kind == IPPROTO_HOPOPTS) {
		p->odd = 1;
		return;
	}
	if (kind == IPPROTO_ROUTING) {
		if (e[2] != 2) {
			p->odd = 1;
			return;
		}
		if (e[1] != 2 || e[3] > 1 || p->behind_fragment ||
		    p->have & (HAS_ROUTING2 | HAS_HOME)) {
			p->odd = 1;
			/* Malformed, a second one, or out of its place. */
			if (e[1] != 2 || e[3] == 1)
				p->unsure |= HAS_ALL;
			return;
		}
		if (e[3] != 1) {
			p->odd = 1;
			return;
		}
		__builtin_memcpy(&p->addresses[ADDRESS_ROUTING2], e + 8, 16);
		p->have |= HAS_ROUTING2;
		return;
	}
	/* Destination Options: what is not exactly ours may hold anything, also what is malformed. */
	if (size == INSERTED && e[2] == OPTION_PADN && e[3] == 2 && e[6] == OPTION_HOME_ADDRESS &&
	    e[7] == 16 && !p->behind_fragment && !(p->have & HAS_HOME)) {
		__builtin_memcpy(&p->addresses[ADDRESS_HOME], e + 8, 16);
		p->have |= HAS_HOME;
		return;
	}
	p->odd = 1;
	p->unsure |= HAS_ALL;
}

/* Walks the extension headers; sets upper_at and protocol. Gives 0 for a later fragment. */
static __always_inline int walk(struct __sk_buff *skb, struct passage *p, __u32 from)
{
	__u32 at = IPV6_HEADER;
	__u8 kind = p->next_header;

	p->behind_fragment = 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < MAX_WALKED; i++) {
		__u32 size;

		if (!is_extension(kind))
			break;
		/* Of a header of 8 octets the rest is not its own, and is not looked at. */
		if (bpf_skb_load_bytes(skb, from + at, p->extension, INSERTED) &&
		    bpf_skb_load_bytes(skb, from + at, p->extension, 8))
			goto unreadable;
		size = kind == IPPROTO_FRAGMENT ? 8 : 8 * ((__u32)p->extension[1] + 1);
		if (at + size > p->length)
			goto unreadable;
		if (kind == IPPROTO_FRAGMENT) {
			p->odd = 1;
			p->behind_fragment = 1;
			/*
			 * Ports and what is inside stand in the first part: together they may be a tunnel. All
			 * parts go one way, or what puts them together waits for the first one in vain.
			 */
			if (p->extension[0] == IPPROTO_UDP && read16(p->extension + 2) & FRAGMENT_IS_PART)
				p->unsure |= HAS_PORTS | HAS_INNER;
			if (read16(p->extension + 2) >= 8) {
				p->protocol = p->extension[0];
				p->upper_at = at + size;
				return 0;
			}
		} else {
			take_extension(p, kind, size);
		}
		kind = p->extension[0];
		at += size;
	}
	p->protocol = kind;
	p->upper_at = at;
	if (!is_extension(kind))
		return 1;
unreadable:
	p->odd = 1;
	p->unsure |= HAS_ALL;
	return 0;
}

static __always_inline void read_upper(struct __sk_buff *skb, struct passage *p, __u32 from)
{
	__u32 at = from + p->upper_at;

	if (has_ports(p->protocol)) {
		if (p->upper_at + 4 > p->length || bpf_skb_load_bytes(skb, at, p->header, 4))
			return;
		p->numbers |= (__u64)read16(p->header) << SHIFT_SPORT |
			      (__u64)read16(p->header + 2) << SHIFT_DPORT;
		p->have |= HAS_PORTS;
		if (p->protocol == IPPROTO_UDP && is_tunnel_port(p->numbers))
			p->unsure |= HAS_INNER;
	} else if (p->protocol == IPPROTO_IPV6) {
		if (p->upper_at + IPV6_HEADER > p->length ||
		    bpf_skb_load_bytes(skb, at, p->header, IPV6_HEADER) || p->header[0] >> 4 != 6) {
			p->odd = 1;
			return;
		}
		p->inner_next_header = p->header[6];
		__builtin_memcpy(&p->addresses[ADDRESS_INNER_SRC], p->header + 8, 32);
		p->have |= HAS_INNER;
	} else if (p->protocol == IPPROTO_IPIP) {
		/* IPv4 inside: nothing here knows its addresses. */
		p->unsure |= HAS_INNER;
		p->odd = 1;
	} else if (p->protocol == IPPROTO_ICMPV6) {
		if (p->upper_at + 1 > p->length || bpf_skb_load_bytes(skb, at, p->header, 1) ||
		    (p->header[0] != ICMPV6_ECHO_REQUEST && p->header[0] != ICMPV6_ECHO_REPLY))
			p->odd = 1;
		else if (p->header[0] == ICMPV6_ECHO_REPLY)
			p->reply = 1;
	} else if (p->protocol == PROTOCOL_MOBILITY) {
		p->odd = 1;
	}
}

/* Reads the packet whose IPv6 header is p->at octets behind the one that it came with. */
static __always_inline enum parsed parse(struct __sk_buff *skb, struct passage *p, __u32 l2)
{
	__u32 from = l2 + p->at;
	__u32 there;

	/* Where the compiler knows the number, it makes code that takes the verifier 15 times as long. */
	asm volatile("" : "+r"(from));
	p->have = 0;
	p->unsure = 0;
	p->numbers = 0;
	p->odd = 0;
	p->reply = 0;
	p->upper_at = IPV6_HEADER;
	p->inner_next_header = 0;
	p->protocol = 0;
	if (skb->len < from)
		return PARSED_SHORT;
	there = skb->len - from;
	if (bpf_skb_load_bytes(skb, from, p->header, IPV6_HEADER)) {
		if (!bpf_skb_load_bytes(skb, from, p->header, 1) && p->header[0] >> 4 != 6)
			return PARSED_FOREIGN;
		return PARSED_SHORT;
	}
	if (p->header[0] >> 4 != 6)
		return PARSED_FOREIGN;
	p->first_word = (__u32)read16(p->header) << 16 | read16(p->header + 2);
	p->length = IPV6_HEADER + (__u32)read16(p->header + 4);
	if (p->length > there)
		return PARSED_SHORT;
	/* What a link put behind it, or a length that stands elsewhere (RFC 2675). */
	if (p->length < there)
		p->odd = 1;
	p->next_header = p->header[6];
	__builtin_memcpy(&p->addresses[ADDRESS_SRC], p->header + 8, 16);
	__builtin_memcpy(&p->addresses[ADDRESS_DST], p->header + 24, 16);
	p->numbers = (__u64)(p->first_word & 0xfffff) << SHIFT_FLOW_LABEL;
	if (walk(skb, p, from))
		read_upper(skb, p, from);
	p->numbers |= (__u64)p->protocol << SHIFT_PROTOCOL;
	p->have |= HAS_PROTOCOL;
	return PARSED;
}
