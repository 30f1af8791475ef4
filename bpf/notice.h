/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The slow device: whole packets for the control side, with the link that they came by. */
#pragma once
#include "passage.h"

/*
 * A notice is told once a second for an entry and a pair of addresses. The control side keeps to the
 * same second by its own clock, so the kernel waits a little longer than that.
 */
#define NOTICE_INTERVAL 1050000000ULL

/* Writes link and flags where the destination's Ethernet address stands (see slow-device.ts). */
static __always_inline int address_frame(struct __sk_buff *skb, __u16 flags)
{
	struct {
		__be32 ifindex;
		__be16 flags;
	} __attribute__((packed)) to = {
		.ifindex = bpf_htonl(skb->ifindex),
		.flags = bpf_htons(flags),
	};

	return bpf_skb_store_bytes(skb, 0, &to, sizeof(to), 0);
}

/* Was the control side told of the pair of addresses long enough ago? Then it is told now. */
static __always_inline int is_notice_due(struct passage *p)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 *last = bpf_map_lookup_elem(&told, &p->telling);

	if (last && now - *last < NOTICE_INTERVAL)
		return 0;
	bpf_map_update_elem(&told, &p->telling, &now, BPF_ANY);
	return 1;
}

/* What a TCP segment may do to its connection. Source: RFC 9293 section 3.1. */
#define TCP_FLAGS_AT 13
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/*
 * What a segment that leaves does to its connection, as connection-segment.ts has it, and the ports; 0 where
 * it does nothing. The highest bits of the other end's port are not told: it is one of a service.
 */
static __always_inline __u32 connection_change(struct __sk_buff *skb, struct passage *p)
{
	__u32 ports = (__u32)((p->numbers >> SHIFT_SPORT) & 0xffff) << 16 |
		      (__u32)((p->numbers >> SHIFT_DPORT) & 0x3fff) << 2;
	__u8 flags;

	if (p->protocol != IPPROTO_TCP || !(p->have & HAS_PORTS) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + p->upper_at + TCP_FLAGS_AT, &flags, 1))
		return 0;
	if (flags & TCP_RST)
		return ports | 3;
	if (flags & TCP_FIN)
		return ports | 2;
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN ? ports | 1 : 0;
}

static __always_inline void set_telling(struct passage *p, __u32 slot, __u32 connection)
{
	/* A peer that is away itself is known by its home address (execute.ts, notify). */
	if (p->have & HAS_HOME)
		__builtin_memcpy(p->telling.src, &p->addresses[ADDRESS_HOME], 16);
	else
		__builtin_memcpy(p->telling.src, &p->addresses[ADDRESS_SRC], 16);
	__builtin_memcpy(p->telling.dst, &p->addresses[ADDRESS_DST], 16);
	p->telling.slot = slot;
	p->telling.connection = connection;
}

/* Sends a copy of a frame to the slow device; the frame is then as before. */
static __always_inline int send_copy(struct __sk_buff *skb, struct settings *settings, __u16 flags)
{
	__u8 addresses[6];
	int sent;

	if (bpf_skb_load_bytes(skb, 0, addresses, sizeof(addresses)) ||
	    address_frame(skb, SLOW_COPY | flags))
		return -1;
	sent = bpf_clone_redirect(skb, settings->slow_device, 0);
	if (bpf_skb_store_bytes(skb, 0, addresses, sizeof(addresses), 0))
		return -1;
	count(TOTAL_NOTICES);
	return sent;
}

static __always_inline void count_use(__u32 slot, __u32 octets)
{
	struct use *use = bpf_map_lookup_elem(&uses, &slot);

	if (!use)
		return;
	use->packets += 1;
	use->octets += octets;
}
