/** A machine that runs another system can't become a node. The file that a box gives says most of it itself, before Node runs. */
export const guestInputErrors = {
  E1504: {
    exit: 2,
    says: () => 'expected [--name NAME] and an invitation, or - to read one from standard input',
    hint: 'give what `./cpiab invite` printed',
  },
  E1505: {
    exit: 2,
    says: () => 'the invitation is of another box than this file',
    hint: 'get the file from the box that made the invitation',
  },
  E1506: {
    exit: 2,
    says: () => 'not a machine to reach by SSH: expected user@host or user@host:port',
    hint: 'put an IPv6 address in brackets',
  },
  E1507: {
    exit: 2,
    says: (given: string) => `expected the fingerprint of the machine's SSH key, got ${given}`,
    hint: 'on that machine: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows SHA256:…',
  },
  E1508: {
    exit: 2,
    says: () => 'there is nothing to log in with',
    hint: 'give --identity with a private key, or start ssh-agent and add one; passwords are not used',
  },
} as const;

export const guestTrustErrors = {
  E2510: {
    exit: 3,
    says: (what: string) => `it is not ${what}`,
    hint: 'get it from the box again',
  },
  E2511: {
    exit: 3,
    says: (shown: string, expected: string) => `the machine shows the SSH key ${shown}, not ${expected}`,
    hint: 'nothing was sent: find out whose machine answers there; one machine has a key for each algorithm',
  },
} as const;

export const guestErrors = {
  E4040: {
    exit: 4,
    says: () => 'only root can make this machine a node',
    hint: 'run it with sudo',
  },
  E4041: {
    exit: 4,
    says: (why: string) => why,
    hint: 'join a Debian or Ubuntu for x86-64 that was started by systemd, one join at a time',
  },
  E4042: {
    exit: 4,
    says: (what: string) => `the kernel lacks: ${what}`,
    hint: "install the distribution's full kernel, and start it with cgroup v2 alone and all its controllers",
  },
  E4043: {
    exit: 4,
    says: () => 'there is a container runtime or a Kubernetes here already',
    hint: 'remove it, or join another machine',
  },
  E4044: {
    exit: 4,
    says: () => 'something listens where a node does',
    hint: 'end it: `ss -ltnp` names it',
  },
  E4045: {
    exit: 4,
    says: (needs: string, free: string) => `needs ${needs} MB of disk space, ${free} MB is free`,
    hint: 'make room, then run it again',
  },
} as const;

/** A machine leaves without its box. Exit status 1. */
export const guestLeaveErrors = {
  E5516: {
    exit: 1,
    says: (name: string, why: string) =>
      `this machine leaves, and the box may still have it as ${name}: ${why}`,
    hint: (name: string) => `at the box: \`./cpiab remove --no-drain ${name}\``,
  },
} as const;

/** A machine can't be made a node from afar. Exit status 1. */
export const guestSshErrors = {
  E5511: {
    exit: 1,
    says: (why: string) => `cannot log in: ${why}`,
    hint: 'try `ssh` with the same user, address and key',
  },
  E5512: {
    exit: 1,
    says: (status: string) => `the join there ended with status ${status}`,
    hint: 'the lines above say why; what it had begun is taken away, or gone on with when it is run again',
  },
} as const;
