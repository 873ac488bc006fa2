# Runs in the machine of guest.ts. A NAS is a network namespace with the server of Linux, the exports of synology/exports
# and its volume on Btrfs; the box is the machine itself. Prints `NAME: VALUE` for the test to judge.
set -u
cd /scenario
say() { echo "$1: $2"; }
# $1: name. The rest is run; says how it ended, and after how many seconds.
timed() {
	name=$1
	shift
	begin=$(cut -d. -f1 /proc/uptime)
	"$@" >"/tmp/$name.out" 2>&1
	say "$name" "status $? after $(($(cut -d. -f1 /proc/uptime) - begin)) s: $(tail -n 1 "/tmp/$name.out")"
}
nas() { ip netns exec nas "$@"; }

APPS=notes
. ./nas.sh
modprobe veth
ip netns add nas
ip link add box type veth peer name nas netns nas
ip address add 192.168.1.10/24 dev box
ip link set box up
nas ip address add 192.168.1.20/24 dev nas
nas ip link set nas up
nas ip link set lo up

timed serve nas sh -e /tmp/serve

# As the kubelet does, with the options of the cluster's volumes.
mkdir -p /media /soft /backup /claims
timed mount-media mount -t nfs -o "$MEDIA" 192.168.1.20:/volume1/data /media
timed mount-soft mount -t nfs -o "$PROBE" 192.168.1.20:/volume1/data /soft
timed mount-backup mount -t nfs -o "$BACKUP" 192.168.1.20:/volume1/backup/notes /backup
timed mount-other mount -t nfs -o "$PROBE" 192.168.1.20:/etc /mnt

say null "$({ cat null && sleep 5; } | busybox nc 192.168.1.20 2049 | od -A n -t x1 -v | tr -d ' \n')"

# A pod's user, which is nobody that the NAS knows.
as_pod() { HOME=/tmp setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
timed links as_pod sh links.sh /soft
as_pod sh -c 'head -c 1000000 /dev/urandom >/media/torrents/movies/film'
as_pod ln /media/torrents/movies/film /media/media/movies/film
say link "$(stat -c '%h links of %u:%g' /volume1/data/media/movies/film)"

# An app's claim, backed up, lost, and restored.
mkdir -p /claims/data/sub && head -c 3000000 /dev/urandom >/claims/data/big && echo hello >/claims/data/sub/note
ln -s note /claims/data/sub/link && chmod 600 /claims/data/sub/note
chown -R 65534:65534 /claims
echo correct-horse >/tmp/password
sums() { (cd /claims && find . -type f -exec sha256sum {} + | sort && find . -printf '%p %y %m %U:%G %l\n' | sort) | sha256sum | cut -c1-16; }
work() { APP=notes RESTIC_REPOSITORY=/backup RESTIC_PASSWORD_FILE=/tmp/password as_pod sh backup.sh "$@"; }
before=$(sums)
timed backup-first work backup
echo changed >>/claims/data/sub/note
timed backup-second work backup
first=$(as_pod restic -r /backup -p /tmp/password snapshots --json | grep -o '"short_id":"[0-9a-f]*"' | head -n 1 | cut -d'"' -f4)
rm -r /claims/data/big && echo stray >/claims/data/stray
timed restore work restore "$first"
say restored "$([ "$(sums)" = "$before" ] && echo same || echo different)"
say owner "$(stat -c '%u:%g' /volume1/backup/notes/config)"
timed verify sh verify.sh /volume1/backup

# What a box that was taken over could not take back.
timed snapshot sh snapshot.sh /volume1/backup /volume1/backup-snapshots 3
rm -rf /volume1/backup/notes/data
timed verify-snapshot sh verify.sh /volume1/backup-snapshots/*
timed touch-snapshot touch "$(echo /volume1/backup-snapshots/*)/notes/new"
for day in 01 02 03 04; do btrfs -q subvolume snapshot -r /volume1/data "/volume1/backup-snapshots/2020-01-$day"; done
timed thin-out sh snapshot.sh /volume1/backup /volume1/backup-snapshots 3
say kept "$(ls /volume1/backup-snapshots | wc -l) snapshots, the oldest $(ls /volume1/backup-snapshots | head -n 1)"

# The server goes.
nas ip link set nas down
timed gone-soft stat /soft/torrents/none
(
	as_pod dd if=/dev/urandom of=/media/torrents/movies/new bs=1k count=64 conv=fsync 2>/dev/null
	echo $? >/tmp/hard
) &
timed gone-backup as_pod dd if=/dev/zero of=/backup/probe bs=1k count=1 conv=fsync
timed gone-mount mount -t nfs -o "$BACKUP" 192.168.1.20:/volume1/backup/notes /mnt
say gone-hard "$(cat /tmp/hard 2>/dev/null || echo waits)"
sh -c 'exec cat /media/torrents/movies/other' &
reader=$!
sleep 2
kill -9 $reader
timed gone-kill wait $reader
nas ip link set nas up
begin=$(cut -d. -f1 /proc/uptime)
while [ ! -e /tmp/hard ] && [ $(($(cut -d. -f1 /proc/uptime) - begin)) -lt 300 ]; do sleep 1; done
say back-hard "status $(cat /tmp/hard) after $(($(cut -d. -f1 /proc/uptime) - begin)) s, $(stat -c %s /volume1/data/torrents/movies/new) bytes"
timed back-soft stat /soft/torrents
rm -rf /volume1/backup/notes/*
timed back-backup work backup
echo end
