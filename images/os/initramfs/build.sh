#!/bin/sh
# build.sh ROOT OUT: writes the initramfs for the one kernel in ROOT. Runs in the build root.
set -eu
umask 022
root=$1 out=$2
here=$(dirname "$0")
kernel=$(ls "$root/usr/lib/modules")
tree=$(mktemp -d)
mkdir -p "$tree/bin" "$tree/lib/modules/$kernel"
cp "$here/init" "$tree/init"
cp "$root/usr/bin/busybox" "$tree/bin/busybox"
ln -s busybox "$tree/bin/sh"

# Module names → their files and those of all they depend on.
grep -v '^#' "$here/modules" | while read -r module; do
	modprobe --dirname "$root" --set-version "$kernel" --show-depends --ignore-install "$module" 2>/dev/null ||
		echo "not a module of this kernel: $module" >&2
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
	relative=${file#*/modules/"$kernel"/}
	mkdir -p "$tree/lib/modules/$kernel/$(dirname "$relative")"
	cp "$file" "$tree/lib/modules/$kernel/$relative"
done
cp "$root/usr/lib/modules/$kernel/modules.order" "$root/usr/lib/modules/$kernel/modules.builtin" "$tree/lib/modules/$kernel/"
depmod --basedir "$tree" "$kernel"
rm -f "$tree/lib/modules/$kernel"/*.bin

cd "$tree"
find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
find . | LC_ALL=C sort | cpio --quiet --reproducible --owner=0:0 -o -H newc | zstd -q -19 -T1 >"$out"
rm -rf "$tree"
