#!/bin/sh
# snapshot.sh SHARE KEPT DAYS: a read-only Btrfs snapshot of a share for each day, the newest DAYS of them. KEPT is
# a folder of the same volume that is not exported: who has taken over a box can delete its backups, not these.
set -eu
[ $# -eq 3 ] || {
	echo 'usage: snapshot.sh /volume1/backup /volume1/backup-snapshots 30' >&2
	exit 2
}
share=$1 kept=$2 days=$3
case $days in
*[!0-9]* | '' | 0*) echo "$days is no number of days" >&2 && exit 2 ;;
esac
mkdir -p "$kept"
chmod 700 "$kept"
today=$(date -u +%Y-%m-%d)
if [ -e "$kept/$today" ]; then
	echo "$kept/$today is there already"
else
	btrfs subvolume snapshot -r "$share" "$kept/$today"
fi

# Only what has a name of ours. Names with a date sort by it.
count=0
for snapshot in $(find "$kept" -mindepth 1 -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' | sort -r); do
	count=$((count + 1))
	[ $count -le "$days" ] || btrfs subvolume delete "$snapshot"
done
