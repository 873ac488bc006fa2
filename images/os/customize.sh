#!/bin/sh
# Runs inside the new root, last, with no network. Makes a general Debian into the box's
# OS layer: units that cost boot time and do nothing here go, build traces go.
set -eu
umask 022

# A unit per line: what it would do, or wait for, has no meaning on a box whose root is
# stacked anew from a read-only medium at every boot.
while read -r unit; do
	ln -sfn /dev/null "/etc/systemd/system/$unit"
done <<UNITS
auth-rpcgss-module.service
dev-hugepages.mount
dev-mqueue.mount
dpkg-db-backup.timer
e2scrub_all.timer
e2scrub_reap.service
fstrim.timer
getty.target
haproxy.service
kmod-static-nodes.service
ldconfig.service
modprobe@.service
nfs-blkmap.service
nfs-client.target
nfs-idmapd.service
proc-sys-fs-binfmt_misc.automount
remote-fs.target
rpc-gssd.service
rpc-statd-notify.service
rpc-statd.service
rpcbind.service
rpcbind.socket
run-lock.mount
run-rpc_pipefs.mount
serial-getty@.service
sys-fs-fuse-connections.mount
sys-kernel-config.mount
sys-kernel-debug.mount
sys-kernel-tracing.mount
systemd-ask-password-console.path
systemd-ask-password-wall.path
systemd-binfmt.service
systemd-boot-random-seed.service
systemd-creds.socket
systemd-firstboot.service
systemd-hibernate-clear.service
systemd-hostnamed.socket
systemd-hwdb-update.service
systemd-initctl.socket
systemd-journal-catalog-update.service
systemd-journal-flush.service
systemd-logind.service
systemd-machine-id-commit.service
systemd-network-generator.service
systemd-networkd-persistent-storage.service
systemd-networkd-wait-online.service
systemd-pcrextend.socket
systemd-pcrlock.socket
systemd-pcrmachine.service
systemd-pcrphase-sysinit.service
systemd-pcrphase.service
systemd-pstore.service
systemd-random-seed.service
systemd-remount-fs.service
systemd-rfkill.socket
systemd-sysext.socket
systemd-sysusers.service
systemd-tmpfiles-setup-dev-early.service
systemd-tmpfiles-setup-dev.service
systemd-tpm2-setup-early.service
systemd-tpm2-setup.service
systemd-udev-load-credentials.service
systemd-update-done.service
systemd-user-sessions.service
tmp.mount
UNITS

# Generators look for what this OS never has: /etc/fstab entries, SysV scripts, gettys, TPMs.
mkdir -p /etc/systemd/system-generators
for generator in /usr/lib/systemd/system-generators/*; do
	ln -s /dev/null "/etc/systemd/system-generators/${generator##*/}"
done

systemctl enable systemd-networkd.service nftables.service cpiab-data.service cpiab-power.service
systemctl set-default multi-user.target

kernel=$(ls /usr/lib/modules)
depmod "$kernel"

# An empty machine id makes one at each boot without systemd's first-boot work (machine-id(5)).
: >/etc/machine-id
rm -rf /var/lib/apt/* /var/cache/* /var/log/* /var/backups/* /run/* /tmp/* \
	/etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/.pwd.lock /initrd.img* /vmlinuz* \
	/etc/dpkg/dpkg.cfg.d/99mmdebstrap /etc/apt/apt.conf.d/99mmdebstrap /var/lib/dpkg/*-old /var/lib/systemd/catalog/database
# No directory or cache is newer than these, so no unit with ConditionNeedsUpdate= runs (systemd.unit(5)).
touch -d "@$SOURCE_DATE_EPOCH" /etc/.updated /var/.updated
