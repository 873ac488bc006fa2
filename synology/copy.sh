#!/bin/sh
# copy.sh FROM TO: brings the newest snapshot of FROM to another disk, such as one on USB. Files of restic never
# change once they are there, so only new ones are copied; what FROM no longer has goes last.
set -eu
[ $# -eq 2 ] || {
	echo 'usage: copy.sh /volume1/backup-snapshots /volumeUSB1/usbshare/backup' >&2
	exit 2
}
newest=$(find "$1" -mindepth 1 -maxdepth 1 -type d -name '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' | sort | tail -n 1)
[ -n "$newest" ] || {
	echo "$1 has no snapshot: run snapshot.sh first" >&2
	exit 1
}
# An empty folder where a disk should be would fill the NAS's own.
[ -d "$2" ] || {
	echo "$2 is not there: plug the disk in, and make the folder once" >&2
	exit 1
}
rsync --archive --delete-after --delay-updates "$newest/" "$2/"
echo "$2 has $(basename "$newest")"
