#!/bin/sh
# finish.sh: makes a box's OS of the installed packages. Runs in the build root with
#   /base.tar  what base.sh made
#   /os        this folder
#   /work      scratch, written: root.tar, vmlinuz, initrd.img
set -eu
umask 022
root=/work/root
mkdir "$root"
tar --directory "$root" --extract --preserve-permissions --numeric-owner --file /base.tar

# Modules are compressed once, by squashfs: xz inside it costs a tenth of a second each in emulation.
find "$root/usr/lib/modules" -name '*.ko.xz' -print0 | xargs -0 --max-procs=2 --max-args=64 xz --decompress
# Modes come from Git's one bit, not from the umask that the work tree was checked out with.
tar --directory /os/files --owner=0 --group=0 --mode='u=rwX,go=rX' --create . |
	tar --directory "$root" --extract --preserve-permissions --no-overwrite-dir

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /os/customize.sh "$root/customize.sh"
chroot "$root" /bin/sh /customize.sh
rm "$root/customize.sh"
umount "$root/proc"
umount --recursive "$root/dev"

mv "$root"/boot/vmlinuz-* /work/vmlinuz
# kubeadm reads the kernel's configuration.
find /work/root/boot -mindepth 1 ! -name 'config-*' -delete
/bin/sh /os/initramfs/build.sh "$root" /work/initrd.img
tar --directory "$root" --create --file /work/root.tar --sort=name --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
	--format=pax --pax-option=delete=atime,delete=ctime .
rm -rf "$root"
