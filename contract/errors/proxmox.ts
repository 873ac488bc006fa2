const AGAIN = 'run the same command again: what is done is found, and not done twice';

/** Proxmox VE did not do what `cpiab deploy proxmox` asked for. */
export const proxmoxErrors = {
  E5201: {
    exit: 1,
    says: (found: string, expected: string) => `has certificate ${found}, expected ${expected}`,
    hint: 'nothing was sent. Compare with the node: Certificates in its web interface, or `pvenode cert info`',
  },
  E5202: {
    exit: 1,
    says: (why: string) => `no answer: ${why}`,
    hint: `check --host and the network, then ${AGAIN}`,
  },
  E5203: {
    exit: 1,
    says: (token: string) => `refuses the token ${token}`,
    hint: 'check --token (USER@REALM!ID), its secret, and that neither user nor token has expired',
  },
  E5204: {
    exit: 1,
    says: (path: string, privilege: string) => `the token lacks ${privilege} on ${path}`,
    hint: (path: string, privilege: string) =>
      `give the token a role with ${privilege} on ${path}; with privilege separation the token needs it besides the user`,
  },
  E5205: {
    exit: 1,
    says: (parameters: string) => `does not accept ${parameters}`,
    hint: 'correct the option that this comes from; `--plan` shows every call with its parameters',
  },
  E5206: {
    exit: 1,
    says: (why: string) => `has no room: ${why}`,
    hint: `free some space or choose another storage, then ${AGAIN}`,
  },
  E5207: {
    exit: 1,
    says: (why: string) => why,
    hint: 'choose a storage with --medium-storage or --disk-storage, or set its content types under Datacenter, Storage',
  },
  E5208: {
    exit: 1,
    says: () => 'exists, and cpiab deploy did not make it; it was left alone',
    hint: 'choose another --vmid',
  },
  E5209: {
    exit: 1,
    says: () => 'exists, and was made with other options or from another medium; it was left alone',
    hint: 'give the options that made it, or choose another --vmid',
  },
  E5210: {
    exit: 1,
    says: (lock: string) => `is locked (${lock})`,
    hint: 'wait until its task has ended. If none is running, `qm unlock` on the node takes the lock away',
  },
  E5211: {
    exit: 1,
    says: (task: string, why: string) => `task ${task} failed: ${why}`,
    hint: `its log is in the web interface, under Tasks; put right what it says, then ${AGAIN}`,
  },
  E5212: {
    exit: 1,
    says: (found: string, least: string) => `is Proxmox VE ${found}; this needs ${least}`,
    hint: 'update it, or deploy the ISO, which Proxmox VE 8.0 takes too',
  },
  E5213: {
    exit: 1,
    says: (status: string, message: string) => `answers ${status}: ${message}`,
    hint: AGAIN,
  },
} as const;

/** What `cpiab deploy proxmox` was told can't be. Exit status 2. */
export const proxmoxInputErrors = {
  E1401: {
    exit: 2,
    says: () => "no secret for the API's token",
    hint: 'put it into the variable CPIAB_PROXMOX_SECRET, or a file of your own and name that with --secret-file',
  },
  E1402: {
    exit: 2,
    says: () => 'neither an ISO nor a disk image of kind qcow2 or raw',
    hint: 'give a .iso, .qcow2 or .raw file, or the name of a site that was built',
  },
} as const;
