/** What the kernel's table of IPv4 routes says of clients that are not on the links of this host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadsAway } from './ipv4-routes.ts';

const HEADINGS =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const line = (destination: string, gateway: string, flags: string, mask: string) =>
  `eth0\t${destination}\t${gateway}\t${flags}\t0\t0\t0\t${mask}\t0\t0\t0\n`;

test('routes by routers lead away, and a default route of a link; what is refused does not', () => {
  const link = line('007100CB', '00000000', '0001', '00FFFFFF');
  assert.equal(leadsAway(HEADINGS), false);
  assert.equal(leadsAway(HEADINGS + link), false);
  assert.equal(leadsAway(HEADINGS + link + line('00000000', 'FE7100CB', '0003', '00000000')), true);
  // By a router that has an IPv6 address here.
  assert.equal(leadsAway(HEADINGS + line('006433C6', '00000000', '0003', '00FFFFFF')), true);
  assert.equal(leadsAway(HEADINGS + line('00000000', '00000000', '0001', '00000000')), true);
  assert.equal(leadsAway(HEADINGS + line('00000000', '00000000', '0201', '00000000')), false);
});
