#!/usr/bin/env bash
# Installs what the tests take from Debian. Prints the list first; does nothing where nothing is missing.
set -euo pipefail
packages=(
  tshark python3 tcpdump iproute2 iputils-ping nftables clang libbpf-dev bpftool
  curl socat iperf3 ethtool nginx-light radvd kea-dhcp6-server knot bind9-dnsutils etcd-server etcd-client
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
echo "tests use from Debian: ${packages[*]}"
[ ${#missing[@]} -gt 0 ] || exit 0
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
