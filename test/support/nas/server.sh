# A NAS by itself, in the machine of guest.ts, at the address that site homelab looks for. $APPS have backups.
set -eu
cd /scenario
. ./nas.sh
modprobe -a virtio_pci virtio_net
ip link set lo up
ip address add 192.168.1.20/24 dev eth0
ip link set eth0 up
sh -e /tmp/serve
echo serving
exec sleep infinity
