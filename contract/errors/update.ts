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
    hint: 'go up by one minor version at a time, and not down: upstream supports nothing else',
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
} as const;
