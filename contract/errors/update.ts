/** A box was not given another version. Exit status 1: the one before runs on. */
export const updateErrors = {
  E5301: {
    exit: 1,
    says: () => 'this box has no slots: it was started from an ISO',
    hint: 'start it from a disk: a disk image, or an ISO that was installed',
  },
  E5302: {
    exit: 1,
    says: (sequence: string) => `has sequence ${sequence}, which the box runs already`,
    hint: 'commit something and build again: each version has a higher sequence',
  },
  E5303: {
    exit: 1,
    says: (from: string, to: string) => `leads from Kubernetes ${from} to ${to}`,
    hint: 'go up by one minor version at a time, and back only within one: upstream supports nothing else',
  },
  E5305: {
    exit: 1,
    says: (needs: string, free: string) => `needs ${needs}, but there is room for ${free}`,
    hint: 'give the box a larger disk, or make the bundle smaller',
  },
  E5306: {
    exit: 1,
    says: (state: string) => `another update is under way: ${state}`,
    hint: 'wait until it has ended; `cpiab status` tells',
  },
  E5307: {
    exit: 1,
    says: (why: string) => `cannot go back: ${why}`,
    hint: 'push the version that you want as a newer one: revert in Git, build, push',
  },
  E5308: {
    exit: 1,
    says: (why: string, _hint: string) => `the box refused it: ${why}`,
    hint: (_why: string, hint: string) => hint,
  },
  E5309: {
    exit: 1,
    says: (why: string) => `the box went back to the version before: ${why}`,
    hint: 'its state was kept; mend the new version, and push it with a higher sequence',
  },
  E5310: {
    exit: 1,
    says: (seconds: string, state: string) => `not done after ${seconds} s: ${state}`,
    hint: 'the box goes on by itself; `cpiab status` tells how it ends',
  },
  E5311: {
    exit: 1,
    says: () => 'is neither a delta nor a tarball of a bundle',
    hint: 'give what `cpiab delta` wrote, or the `.tar.zst` of a build',
  },
  E5312: {
    exit: 1,
    says: (why: string) => `the new version could not be written: ${why}`,
    hint: 'push it again; if this stays, the disk is failing: replace it',
  },
  E5313: {
    exit: 1,
    says: (why: string) => `no update can be read from a stick: ${why}`,
    hint: 'put in one disk with FAT, ext4 or ISO 9660 and the label CPIAB-STICK',
  },
  E5314: {
    exit: 1,
    says: (why: string) => `nothing on it can follow the version that runs: ${why}`,
    hint: 'copy a delta from the version that runs, or the tarball of a newer build, to its top folder',
  },
  E5315: {
    exit: 1,
    says: (fresh: string, found: string) => `keeps its state in version ${fresh}, and the box has ${found}`,
    hint: 'no update leads from one to the other: save what you need, and start it on an empty disk',
  },
  E5316: {
    exit: 1,
    says: (from: string, to: string) =>
      `leads from etcd ${from} to ${to}, and the box could not fall back over that`,
    hint: 'stay within a minor version of etcd, or install the new version and restore a backup',
  },
} as const;
