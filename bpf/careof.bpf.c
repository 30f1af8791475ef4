/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel data plane of careof: does to packets what the entries of the forwarding table say,
 * exactly as src/core/forwarding/execute.ts does, or hands them over untouched.
 *
 *     link --> arriving --> arrival_round [--> ...] --> the host's stack        in doubt: the slow device
 *     anchor device --> leaving --> link                            in doubt: the anchor's user
 *
 * One program for all; what it does stands in maps (maps.h). Compiled against the headers of the
 * kernel's interface alone, so that one object file is for all kernels from 6.3 on.
 */
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <bpf/bpf_helpers.h>
#include "arriving.h"
#include "leaving.h"

/* Ingress of a link with Ethernet addresses. */
SEC("tc")
int arriving(struct __sk_buff *skb)
{
	return arrive(skb);
}

/* Each round of a packet that arrived. */
SEC("tc")
int arrival_round(struct __sk_buff *skb)
{
	struct passage *p = this_passage();

	return p ? next_round(skb, p) : TC_ACT_SHOT;
}

/* Egress of the anchor device, which has no link addresses. */
SEC("tc")
int leaving(struct __sk_buff *skb)
{
	return leave(skb, 0);
}

/* The same for packets in Ethernet frames, as BPF_PROG_TEST_RUN has them and nothing else. */
SEC("tc")
int leaving_ethernet(struct __sk_buff *skb)
{
	return leave(skb, ETH_HLEN);
}

/* Some of the helpers are for programs under the GPL. */
char licence[] SEC("license") = "Dual BSD/GPL";
