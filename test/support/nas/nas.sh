# Makes the volume of a NAS with folders for the backups of $APPS, and /tmp/serve, which serves it by NFS.
modprobe -a loop btrfs nfsd nfsv4
# rpc.mountd reads it, and a Debian without an init system has none.
ln -sf /proc/self/mounts /etc/mtab

# The volume of the NAS: shares are subvolumes, as DSM makes them.
truncate -s 300M /tmp/volume
mkfs.btrfs -q /tmp/volume
mkdir /volume1
mount -o loop /tmp/volume /volume1
for share in data backup; do btrfs -q subvolume create /volume1/$share; done
# shellcheck disable=SC2086 # several names
sh folders.sh /volume1 $APPS >/dev/null
cp exports /etc/exports

# Grace and leases are short, or a first write would wait for a minute and a half (nfsd(7)).
cat >/tmp/serve <<'SERVE'
mount -t nfsd nfsd /proc/fs/nfsd
mkdir -p /run/rpcbind /var/lib/nfs/v4recovery
echo 10 >/proc/fs/nfsd/nfsv4leasetime
echo 10 >/proc/fs/nfsd/nfsv4gracetime
exportfs -ra
rpc.mountd --no-nfs-version 3
rpc.nfsd --no-nfs-version 3 4
SERVE
