#!/bin/sh
# backup.sh backup | list | restore SNAPSHOT: what an app's Job does with /claims, the app's claims. RESTIC_REPOSITORY
# is its folder on the NAS, RESTIC_PASSWORD_FILE what it is encrypted by.
set -eu
export RESTIC_CACHE_DIR=/tmp/cache
# Another run of the same app ends in this time; what a killed one has locked, restic gives up by itself.
restic() {
	busybox timeout 14400 /usr/bin/restic --retry-lock 10m "$@"
}

case $1 in
backup)
	# 10: there is no repository; anything else must not lead to a new one (restic, "Scripting").
	state=0
	restic cat config >/dev/null || state=$?
	[ $state -eq 10 ] && restic init
	[ $state -eq 0 ] || [ $state -eq 10 ] || exit $state
	restic unlock
	restic backup --host "$APP" --exclude-caches /claims
	restic forget --host "$APP" --group-by host --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --prune
	;;
list)
	restic snapshots --host "$APP"
	;;
restore)
	restic restore "$2:/claims" --host "$APP" --target /claims --delete --verify
	;;
*)
	echo "backup.sh: no such work: $1" >&2
	exit 2
	;;
esac
