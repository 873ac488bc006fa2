#!/bin/sh
# verify.sh BACKUPS: reads every file of the restic repositories in it, and compares it with its name, which is its
# SHA-256 (restic, "Repository Layout"). Needs no password, and finds what a disk has changed or lost part of.
set -eu
[ $# -eq 1 ] || {
	echo 'usage: verify.sh /volume1/backup' >&2
	exit 2
}
state=0 total=0
for repository in "$1"/*; do
	[ -e "$repository/config" ] || continue
	count=0 bad=0
	# `config` and `keys` have other names; a file that is still being written has a longer one.
	for file in "$repository"/data/*/* "$repository"/index/* "$repository"/snapshots/*; do
		name=${file##*/}
		[ ${#name} -eq 64 ] || continue
		sum=$(sha256sum "$file") || {
			# Removed meanwhile by `restic forget`; else it can't be read.
			[ -e "$file" ] || continue
			sum=unreadable
		}
		count=$((count + 1))
		[ "${sum%% *}" = "$name" ] || {
			echo "damaged: $file"
			bad=$((bad + 1))
		}
	done
	echo "$repository: $count files, $bad damaged"
	total=$((total + 1))
	[ $bad -eq 0 ] || state=1
done
[ $total -gt 0 ] || {
	echo "$1 has no repository" >&2
	exit 1
}
exit $state
