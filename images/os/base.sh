#!/bin/sh
# base.sh: installs the `os` package set into /work/base.tar. Runs in the build root with
#   /repo      the locked .debs, and `digests`: a line `file sha256 bytes` for each, from the lock
#   /work      scratch, written
#   INCLUDE    names of packages, separated by commas
# apt checks every file against the digest in `digests` before it is unpacked.
set -eu
umask 022
cd /repo
while read -r file sha256 size; do
	dpkg-deb --field "$file"
	printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$file" "$size" "$sha256"
done <digests >Packages
# mmdebstrap takes the essential packages from the suite that it was asked for.
cat >Release <<RELEASE
Suite: trixie
Codename: trixie
Date: $(date --utc --date="@$SOURCE_DATE_EPOCH" +'%a, %d %b %Y %H:%M:%S UTC')
SHA256:
 $(sha256sum Packages | cut -d' ' -f1) $(stat --format=%s Packages) Packages
RELEASE

# finish.sh makes the initramfs: the kernel's package shall not. The hook's $1 is mmdebstrap's to fill in.
# shellcheck disable=SC2016
exec mmdebstrap --mode=root --variant=essential --include="$INCLUDE" \
	--aptopt='APT::Install-Recommends "false"' --dpkgopt=/os/excludes --dpkgopt=force-confold \
	--setup-hook='install -D /dev/null "$1/etc/initramfs-tools/update-initramfs.conf" &&
		echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"' \
	trixie /work/base.tar 'deb [trusted=yes] copy:/repo ./'
