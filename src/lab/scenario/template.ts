/** The example that `careof lab new` writes: it runs as it stands, and says what each part is. */
export function scenarioTemplate(): string {
  return `# A network, what happens in it, and what must be true afterwards.
# Every quantity has a unit. \`careof lab check FILE\` says what is wrong and what would be right.

title: A download survives a move between two networks
random: 1                      # the seed of all dice; careof lab run --seed N takes others

# Each link is a network of its own. Also: jitter: 2ms, loss: 1%, bandwidth: 20Mbit/s, mtu: 1500,
# reorder: 1%, duplicate: 1%.
links:
  home:    { prefix: 2001:db8:1::/64, delay: 1ms }
  visited: { prefix: 2001:db8:2::/64, delay: 1ms }
  core:    { prefix: 2001:db8:f::/64, delay: 10ms }

#   mn ~~ home ~~ ha --+
#                      +-- core -- cn
#       visited ~ ar --+
nodes:
  ha: { role: home-agent, on: [home, core], serves: home }
  ar: { role: access-router, on: [visited, core] }
  mn:
    role: mobile-node
    home: home
    home-agent: ha
    home-address: 2001:db8:1::100
    interfaces: { wlan0: home }              # where it is at the start
    auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }
  cn: { role: correspondent-node, on: [core] }   # role: host would know nothing of Mobile IPv6

# To a mobile node means: to its home address.
traffic:
  download: { protocol: tcp, from: cn, to: mn, size: 10MB, start: 1s }
  ticks:    { protocol: udp, from: mn, to: cn, rate: 100/s, payload: 64B, start: 1s, stop: 8s }

# Also: link-down and link-up: mn.wlan0, prefer: mn.lte0, crash and restart: ha,
# cut: { link: core, from: ha, to: cn }, heal: core, change: { link: core, loss: 5% }.
events:
  - { at: 3s, move: mn.wlan0, to: visited }

expect:
  download: { survives: true, carried-by: { at: 5s, path: route-optimised } }
  ticks:    { survives: true, interruption: "< 3s" }
  mn:       { bindings: 2 }                  # with its home agent and with cn
  packets:
    - { on: core, at: "5s..", from: cn, headers: [ipv6, routing-2, tcp] }

# Mechanisms without which it must fail: careof lab run FILE --without return-routability
off: [return-routability]
`;
}
