/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet on its way through the table: what is known of it, and what is to be done to it.
 *
 * Nothing is done before all is decided, so that a packet about which there is a doubt can be handed
 * to the slow path as it came. What is decided stands in a place of this processor's own: a program
 * runs to its end before another packet of the same processor begins.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "generated/layout.h"
#include "maps.h"

/* Octets of an IPv6 header, and of each header that careof inserts (RFC 6275 sections 6.3, 6.4). */
#define IPV6_HEADER 40
#define INSERTED 24
/* The longest packet that Payload Length can say (RFC 8200 section 3). */
#define MAX_PACKET (IPV6_HEADER + 0xffff)
/* Extension headers that are looked at; with more it is the slow path's. */
#define MAX_WALKED 6
/* Entries that one arriving packet may meet, as MAX_DEPTH of src/core/forwarding/execute.ts. */
#define MAX_DEPTH 4
/* Mobility Header (RFC 6275 section 6.1). */
#define PROTOCOL_MOBILITY 135
/* The option type of a home address (RFC 6275 section 6.3). */
#define OPTION_HOME_ADDRESS 0xc9
/* Offset and M flag of a Fragment header: both zero where it is a whole packet (RFC 6946). */
#define FRAGMENT_IS_PART 0xfff9
#define OPTION_PADN 1
/* ICMPv6 Echo Request and Echo Reply (RFC 4443 section 4). */
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

#define HAS_ALL (HAS_PROTOCOL | HAS_PORTS | HAS_HOME | HAS_ROUTING2 | HAS_INNER)

struct address {
	__u64 words[2];
};

struct passage {
	/* By the numbers ADDRESS_...; the last two are always zero. */
	struct address addresses[8];
	/* Flow label, ports and protocol, by SHIFT_... */
	__u64 numbers;
	/* HAS_... of what it has, and of what could not be made out. */
	__u32 have;
	__u32 unsure;
	/* Where the IPv6 header in question is, from that of the packet as it came, and its upper layer. */
	__u32 at;
	__u32 upper_at;
	/* Octets from there to the end. */
	__u32 length;
	/* The first word of that header (version, traffic class, flow label) as a number. */
	__u32 first_word;
	/* Next Header of that header, and of the packet inside a tunnel. */
	__u8 next_header;
	__u8 protocol;
	__u8 inner_next_header;
	/* It may be matched, but what an entry asks is the slow path's to do. */
	__u8 odd;

	/* What is to be done to it. */
	__u8 without_routing2;
	__u8 without_home;
	__u8 remarked;
	__u8 depth;
	__u8 parse_again;
	__u8 notify_pending;
	__u8 notify_due;
	/* ECN of the tunnel header that came off, for RFC 6040. */
	__u8 outer_ecn;
	/* It is an Echo Reply. */
	__u8 reply;
	__u32 notify_slot;
	/* What the entries that it met will count: slot, and octets as it came to them. */
	__u32 met_slots[MAX_DEPTH];
	__u32 met_octets[MAX_DEPTH];
	struct told_key telling;
	/*
	 * What the search found, copied: the map's own may be gone the next moment. Here rather than in
	 * registers, so that the verifier sees every round of the search as the same.
	 */
	struct rule rule;
	__u32 rank;
	__u8 found;
	__u8 tie;
	__u8 behind_fragment;
	__u8 reserved;

	/* Room to read headers into. */
	__u8 header[IPV6_HEADER];
	__u8 extension[INSERTED];
};

MAP(passages, BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct passage), 1, 0);

static __always_inline void count(__u32 total)
{
	__u64 *value = bpf_map_lookup_elem(&totals, &total);

	if (value)
		*value += 1;
}

static __always_inline struct passage *this_passage(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&passages, &zero);
}

static __always_inline struct settings *our_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

static __always_inline int is_extension(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS;
}

/* Upper layers that begin with two ports, as WITH_PORTS of packet-view.ts: DCCP, SCTP, UDP-Lite. */
static __always_inline int has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == 33 ||
	       protocol == 132 || protocol == 136;
}

static __always_inline int is_multicast(const struct address *address)
{
	return *(const __u8 *)address == 0xff;
}

/* fe80::/10 */
static __always_inline int is_link_local(const struct address *address)
{
	return (address->words[0] & bpf_cpu_to_be64(0xffc0000000000000ULL)) ==
	       bpf_cpu_to_be64(0xfe80000000000000ULL);
}

/* May the numbers of a packet's ports be those of a tunnel in UDP? */
static __always_inline int is_tunnel_port(__u64 numbers)
{
	return (__u16)(numbers >> SHIFT_SPORT) == UDP_TUNNEL_PORT ||
	       (__u16)(numbers >> SHIFT_DPORT) == UDP_TUNNEL_PORT;
}

static __always_inline __u16 read16(const __u8 *octets)
{
	return (__u16)octets[0] << 8 | octets[1];
}
