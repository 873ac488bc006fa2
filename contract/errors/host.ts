/** This machine lacks something. Exit status 4. The launcher prints the first ones itself, before Node runs. */
export const hostErrors = {
  E4001: {
    exit: 4,
    says: (why: string) => why,
    hint: 'put a new enough Node on PATH, or check the configuration of npm',
  },
  E4002: {
    exit: 4,
    says: () => 'system packages are missing',
    hint: 'run the printed apt-get command as root',
  },
  E4003: {
    exit: 4,
    says: (what: string) => `${what} failed`,
    hint: 'check the network and /etc/apt, then run again',
  },
  E4004: {
    exit: 4,
    says: () => 'cannot write the cache',
    hint: 'set CPIAB_CACHE to a directory that you can write',
  },
  E4005: {
    exit: 4,
    says: () => 'npm ci failed',
    hint: 'see the lines above; nothing was built',
  },
  E4006: {
    exit: 4,
    says: (key: string) => `no config.${key}`,
    hint: 'restore package.json from Git',
  },
  E4007: {
    exit: 4,
    says: (packageName: string) => `the program is missing; Debian's package is ${packageName}`,
    hint: (packageName: string) => `sudo apt-get install ${packageName}`,
  },
  E4008: {
    exit: 4,
    says: (needs: string, free: string) => `needs ${needs} of disk space, ${free} is free`,
    hint: 'free some space, or set CPIAB_CACHE and --out to a larger disk',
  },
  E4009: {
    exit: 4,
    says: (needs: string, free: string) => `needs ${needs} of memory, ${free} is available`,
    hint: 'end other programs, or give the machine or its control group more',
  },
  E4010: {
    exit: 4,
    says: (why: string) => `cannot isolate a build step: ${why}`,
    hint: 'allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1), or run as root',
  },
  E4011: {
    exit: 4,
    says: (names: string) => `not ready: ${names}`,
    hint: 'see the table; `./cpiab doctor` runs the checks again',
  },
  E4012: {
    exit: 4,
    says: () => 'cannot be written',
    hint: 'check the owner and mode of the directory, or choose another one',
  },
  E4013: {
    exit: 4,
    says: (now: string, made: string) => `says ${now}, but the lock was made on ${made}`,
    hint: 'set the clock (`timedatectl set-ntp true`, or `date --set`): certificates and indexes would not be valid yet',
  },
  E4014: {
    exit: 4,
    says: (what: string, why: string) => `is needed for ${why}, but ${what}`,
    hint: 'check the network, or name another mirror: apt, GOPROXY and npm say where from, `registries` in the site',
  },
  E4020: {
    exit: 4,
    says: (why: string) => `the registry ended: ${why}`,
    hint: 'take another address with --listen when it is in use, and see that the files are readable',
  },
  E4030: {
    exit: 4,
    says: () => 'no directory for temporary files that can be written',
    hint: 'make it, or set TMPDIR to one that is there',
  },
} as const;
