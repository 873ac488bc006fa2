#!/bin/sh
# What this machine has, as one JSON document for `cpiab assess --machine FILE`. It reads, and changes nothing:
#   ssh db1.example.org sh -s < policy/fit/facts.sh > db1.json
# The argument is the directory whose file system would take data, /var/lib unless told.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin
disk=${1:-/var/lib}

# Lines as a JSON list of texts.
list() {
	sort -u | awk 'NF { gsub(/["\\[:cntrl:]]/, ""); printf "%s\"%s\"", sep, $0; sep = ", " } BEGIN { printf "[" } END { printf "]" }'
}
meminfo() { awk -v key="$1:" '$1 == key { printf "%.0f", $2 * 1024 }' /proc/meminfo; }

controllers() { cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null | tr ' ' '\n'; }
has() {
	case $1 in
	loop) [ -e /dev/loop-control ] || module loop ;;
	*) grep -qw "$1" /proc/filesystems || module "$1" ;;
	esac
}
module() { [ -n "$(find "/lib/modules/$(uname -r)" -name "$1.ko*" 2>/dev/null)" ]; }
kernel_has() { for part in overlay squashfs loop; do ! has "$part" || echo "$part"; done; }
version_of() {
	case $1 in
	kubeadm) kubeadm version --output=short ;;
	microk8s) microk8s version ;;
	*) "$1" --version ;;
	esac 2>/dev/null </dev/null | head -n 1 | grep -oE 'v?[0-9]+\.[0-9]+[.0-9]*' | head -n 1
}
runtimes() {
	for name in containerd dockerd kubelet kubeadm k3s crio microk8s; do
		! command -v "$name" >/dev/null || echo "$name $(version_of "$name" || true)"
	done
}
clock() {
	case $(timedatectl show --property=NTPSynchronized --value 2>/dev/null || true) in
	yes) echo synchronised ;;
	no) echo not-synchronised ;;
	*) echo unknown ;;
	esac
}

cat <<JSON
{
  "apiVersion": "cpiab.dev/v1",
  "kind": "MachineFacts",
  "name": "$(uname -n)",
  "architecture": "$(uname -m)",
  "kernel": "$(uname -r)",
  "cpus": $(getconf _NPROCESSORS_ONLN),
  "memoryBytes": $(meminfo MemTotal),
  "memoryFreeBytes": $(meminfo MemAvailable),
  "diskFreeBytes": $(df -Pk "$disk" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }'),
  "cgroup": "$(stat -fc %T /sys/fs/cgroup 2>/dev/null || echo none)",
  "controllers": $(controllers | list),
  "kernelHas": $(kernel_has | list),
  "runtimes": $(runtimes | list),
  "addresses": $(ip -o -4 address show scope global 2>/dev/null | awk '{ print $4 }' | list),
  "networks": $(ip -4 route show 2>/dev/null | awk '$1 ~ /\// { print $1 }' | list),
  "clock": "$(clock)"
}
JSON
