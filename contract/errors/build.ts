/** A build stage failed. Exit status 1: final names still hold what was there before, or nothing. */
export const buildErrors = {
  E3001: {
    exit: 1,
    says: (version: string, _site: string, _name: string) =>
      `version ${version} is not on the mirror any more`,
    hint: (_version: string, site: string, name: string) =>
      `run \`./cpiab lock ${site} --update ${name}\`, or build without --frozen`,
  },
  E3002: {
    exit: 1,
    says: () => 'cannot be fetched',
    hint: 'check the network and the package mirror, then run again: finished work is kept',
  },
  E3003: {
    exit: 1,
    says: (error: string, _log: string) => `does not compile: ${error}`,
    hint: (_error: string, log: string) => `the whole output is in ${log}`,
  },
  E3004: {
    exit: 1,
    says: (error: string, _log: string) => `failed: ${error}`,
    hint: (_error: string, log: string) => `the whole output is in ${log}`,
  },
  E3005: {
    exit: 1,
    says: (pid: string) => `another build is writing there (process ${pid})`,
    hint: 'wait for it, or give this one another directory with --out',
  },
  E3006: {
    exit: 1,
    says: (what: string) => what,
    hint: 'correct the recipe, or lock what it names',
  },
  E3007: {
    exit: 1,
    says: (found: string) => `the tag is not the version in the lock: ${found}`,
    hint: 'an image carries the version of the program in it: change the tag in its recipe',
  },
  E3008: {
    exit: 1,
    says: (what: string) => `--frozen, but the lock no longer holds: ${what}`,
    hint: 'build without --frozen to lock the entry anew, and commit the lock',
  },
  E3009: {
    exit: 1,
    says: () => 'the disk is full',
    hint: 'free some space and run again: finished work is kept',
  },
  E3010: {
    exit: 1,
    says: () => 'damaged in the cache; it is removed',
    hint: 'run the build again: it makes the file anew',
  },
} as const;
