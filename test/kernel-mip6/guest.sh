#!/bin/bash
# Runs in a guest whose kernel knows the headers of Mobile IPv6 (CONFIG_IPV6_MIP6): careof's data plane at
# one end, the kernel's at the other, then the other way round.
#
#     mn --m1-- r --c-- cn      home address  H  = 2001:db8:1::10, to which r has no route
#     mn --m2-- r               care-of       C1 = 2001:db8:2::10 on m1, C2 = 2001:db8:3::10 on m2
#                               peer          N  = 2001:db8:5::1
#
#   guest.sh DATA-PLANE         leaves /out/OURS-{m1,m2,c}.pcap and /out/result.txt
set -u
H=2001:db8:1::10 C1=2001:db8:2::10 C2=2001:db8:3::10 N=2001:db8:5::1
plane=${1:-tun}
result=/out/result.txt; : > $result
failed=0
say() { echo "$*" | tee -a $result; }
check() { # WHAT COMMAND...: does the command succeed?
  local what=$1; shift
  if "$@" > /tmp/check.out 2>&1; then say "ok   $what"; else say "FAIL $what: $(tail -n 2 /tmp/check.out | tr '\n' ' ')"; failed=1; fi
}
inside() { ip netns exec "$@"; }

network() {
  for n in mn r cn; do
    ip netns add $n; ip -n $n link set lo up
    inside $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
  done
  ip link add m1 netns mn type veth peer name r1 netns r
  ip link add m2 netns mn type veth peer name r2 netns r
  ip link add c netns cn type veth peer name rc netns r
  inside r sysctl -qw net.ipv6.conf.all.forwarding=1
  ip -n r addr add 2001:db8:2::1/64 dev r1 nodad; ip -n r addr add 2001:db8:3::1/64 dev r2 nodad
  ip -n r addr add 2001:db8:5::ff/64 dev rc nodad
  ip -n cn addr add $N/64 dev c nodad
  for p in mn:m1 mn:m2 r:r1 r:r2 r:rc cn:c; do ip -n ${p%:*} link set ${p#*:} up; done
  ip -n cn route add default via 2001:db8:5::ff
  sleep 2
  for p in r1:m1 r2:m2 rc:c; do
    inside r tcpdump -Z root -U -s 0 -i ${p%:*} -w /out/$ours-${p#*:}.pcap ip6 2> /dev/null &
  done
  sleep 1
}

# What `ip` tells the kernel: states for a care-of address, and policies that stay.
states() { # ADD-OR-DELETE CARE-OF
  echo "xfrm state $1 src $H dst $N proto hao ${2:+mode ro coa $2}"
  echo "xfrm state $1 src $N dst $H proto route2 ${2:+mode ro coa $2}"
}
policy() { # NODE PROTO DIRECTION FROM TO LEVEL
  ip -n $1 xfrm policy add src $4/128 dst $5/128 dir $3 tmpl src :: dst :: proto $2 mode ro level $6
}
kernel_mn() {
  ip -n mn addr add $H/128 dev lo nodad home
  ip -n mn addr add $C1/64 dev m1 nodad; ip -n mn addr add $C2/64 dev m2 nodad
  ip -n mn -6 route add default via 2001:db8:2::1 dev m1 src $H
  states add $C1 | ip -n mn -batch -
  policy mn hao out $H $N required; policy mn route2 in $N $H use
}
kernel_cn() {
  states add $C1 | ip -n cn -batch -
  policy cn hao in $H $N use; policy cn route2 out $N $H required
}
move_kernel() { # mn or cn
  [ $1 = cn ] || ip -n mn -6 route replace default via 2001:db8:3::1 dev m2 src $H
  { states delete ''; states add $C2; } | ip -n $1 -batch -
}

ours_up() { # NODE ROLE
  mkfifo /tmp/$ours.in
  ip netns exec $1 node /mnt/careof/.build-bench/test/kernel-mip6/fixed-node.js $2 $plane /run/careof-$ours \
    < /tmp/$ours.in > /tmp/$ours.out 2>&1 & node_pid=$!
  exec 7> /tmp/$ours.in
  wait_for /tmp/$ours.out '^ready'
}

cat > /tmp/server.py <<'P'
import socket, sys
s = socket.socket(socket.AF_INET6); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], 5001)); s.listen(1); print('listening', flush=True)
c, peer = s.accept()
print('peer', peer[0], flush=True)
while data := c.recv(65536): c.sendall(data)
P
cat > /tmp/client.py <<'P'
import socket, sys, time
s = socket.socket(socket.AF_INET6); s.settimeout(60); s.bind((sys.argv[1], 0)); s.connect((sys.argv[2], 5001))
worst = 0
for done in range(1, int(sys.argv[3]) + 1):
    began = time.time(); s.sendall(b'm' * 2000); got = 0
    while got < 2000:
        data = s.recv(65536)
        if not data: sys.exit('closed by the other end')
        got += len(data)
    worst = max(worst, time.time() - began); time.sleep(0.02)
    print(f'{done} rounds, the longest {worst * 1000:.0f} ms', flush=True)
P

wait_for() { # FILE PATTERN: a minute at most
  for _ in $(seq 120); do grep -q "$2" $1 2> /dev/null && return 0; sleep 0.5; done
  return 1
}

# A connection from the home address that lives across the move of both ends' binding to C2.
connection() {
  ip netns exec cn /usr/bin/python3 /tmp/server.py $N > /tmp/server.out & local server=$!
  wait_for /tmp/server.out listening
  ip netns exec mn /usr/bin/python3 /tmp/client.py $H $N 100 > /tmp/client.out 2>&1 & local client=$!
  wait_for /tmp/client.out '^30 rounds'
  echo move >&7
  move_kernel $theirs
  wait $client; local code=$?
  kill $server 2> /dev/null
  tail -n 1 /tmp/client.out
  return $code
}

seen() { tcpdump -Z root -nr /out/$ours-$1.pcap "$2" 2> /dev/null | wc -l; }
headers() { # LINK CARE-OF: both headers went over the link, and nothing bare
  local out in
  out=$(seen $1 "src $2 and dst $N and ip6[6] == 60"); in=$(seen $1 "src $N and dst $2 and ip6[6] == 43 and ip6[42] == 2")
  echo "$out Home Address options, $in Type 2 Routing headers"
  [ $out -gt 20 ] && [ $in -gt 20 ] && [ $(seen $1 "host $H") -eq 0 ]
}

run() { # OURS (mn or cn)
  ours=$1; [ $ours = mn ] && theirs=cn role=mobile-node || theirs=mn role=correspondent-node
  network
  kernel_$theirs
  check "$ours is careof: it starts" ours_up $ours $role
  check "$ours is careof, $theirs the kernel: ping by $C1" inside mn ping -6 -c 5 -i 0.3 -W 3 -I $H $N
  check "$ours is careof: a TCP connection lives across $C1 -> $C2" connection
  say "     $(tail -n 1 /tmp/client.out)"
  check "$ours is careof: the kernel's end saw the home address" grep -q "peer $H" /tmp/server.out
  check "$ours is careof, $theirs the kernel: ping by $C2" inside mn ping -6 -c 5 -i 0.3 -W 3 -I $H $N
  sleep 1
  kill $node_pid; wait $node_pid
  pkill tcpdump; sleep 1
  for p in m1:$C1 m2:$C2; do
    check "$ours is careof: headers on ${p%%:*}" headers ${p%%:*} ${p#*:}
    say "     $(cat /tmp/check.out)"
  done
  say "     $(tail -n 1 /tmp/$ours.out)"
  exec 7>&-
  for n in mn r cn; do ip netns delete $n; done
  sleep 1
}

modprobe -d /kmod -a tun nf_tables nft_chain_nat 2> /dev/null
run mn
run cn
exit $failed
