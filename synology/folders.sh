#!/bin/sh
# folders.sh VOLUME APP…: makes the folders that volumes of the cluster name, in the shares `data` and `backup`.
# What is there stays as it is. Run it again with each app that gets backups.
set -eu
umask 007
[ $# -ge 1 ] || {
	echo 'usage: folders.sh /volume1 [app …]' >&2
	exit 2
}
volume=$1
shift
# As `anonuid` and `anongid` in exports.
owner=1024:100

for share in data backup; do
	[ -d "$volume/$share" ] || {
		echo "$volume/$share is not there: make the shared folder $share first" >&2
		exit 1
	}
done

# A download and its place in the library are one file with two names: a hard link, which needs both
# folders in one share.
for kind in books movies music tv; do
	set -- "$@" "/torrents/$kind" "/media/$kind"
done
for folder; do
	case $folder in
	/*) path=$volume/data$folder ;;
	*[!a-z0-9-]* | '') echo "$folder is no name of an app" >&2 && exit 2 ;;
	*) path=$volume/backup/$folder ;;
	esac
	[ -d "$path" ] || {
		mkdir -p "$path"
		chown "$owner" "$path" "${path%/*}"
		echo "made $path"
	}
done
chown "$owner" "$volume/data" "$volume/backup"
