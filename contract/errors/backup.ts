/** A backup can't be trusted. Exit status 3: nothing was changed. */
export const backupTrustErrors = {
  E2180: {
    exit: 3,
    says: (why: string) => `is no whole backup: ${why}`,
    hint: 'nothing was changed; take another copy of the file, or an older backup',
  },
  E2181: {
    exit: 3,
    says: (why: string) => `cannot be decrypted: ${why}`,
    hint: 'nothing was changed; give the identity or passphrase that belongs to it, or take another copy',
  },
} as const;

/** What `cpiab backup` and `cpiab restore` were told can't be. Exit status 2. */
export const backupInputErrors = {
  E1411: {
    exit: 2,
    says: () => 'neither a key nor a passphrase, or both',
    hint: 'name one: a key of `age-keygen`, or --passphrase-file FILE',
  },
  E1412: {
    exit: 2,
    says: (what: string) => `holds no ${what}`,
    hint: 'age-keygen makes a key: `age1…` is for encrypting, its file with AGE-SECRET-KEY-1… for decrypting',
  },
  E1413: {
    exit: 2,
    says: (site: string) => `the credential of the operator of site ${site} is not here`,
    hint: (site: string) =>
      `copy operator.crt and operator.key of the machine that built the site to ~/.config/cpiab/keys/${site}/`,
  },
  E1414: {
    exit: 2,
    says: () => 'is there already',
    hint: 'name another file; a backup is never written over',
  },
} as const;

/** A box could not be backed up or restored. */
export const backupErrors = {
  E5402: {
    exit: 1,
    says: () => 'a backup or a restore is running',
    hint: 'wait until it has ended; `cpiab audit` shows who began it',
  },
  E5403: {
    exit: 1,
    says: (why: string) => `does not fit: ${why}`,
    hint: 'boot the box from the bundle that the backup was made with, or one that is newer and has the same engine',
  },
  E5404: {
    exit: 1,
    says: (what: string, _id: string) => `has state of its own: ${what}`,
    hint: (_what: string, id: string) => `to lose that, restore with --replace ${id}`,
  },
  E5405: {
    exit: 1,
    says: () => 'keeps its state in memory, so a restored one would be gone with the next reboot',
    hint: 'give the box a data disk and boot it again',
  },
  E5406: {
    exit: 1,
    says: (what: string) => `has not started ${what} yet`,
    hint: 'wait until it is ready: `cpiab status --watch`',
  },
  E5410: {
    exit: 1,
    says: () => 'no disk is labelled CPIAB-BACKUP',
    hint: 'plug in one that was made with `mkfs.ext4 -L CPIAB-BACKUP`; the box looks again every minute',
  },
  E5411: {
    exit: 1,
    says: (names: string) => `more than one disk is labelled CPIAB-BACKUP: ${names}`,
    hint: 'leave one of them in the machine',
  },
  E5412: {
    exit: 1,
    says: (why: string) => `the disk takes no backup: ${why}`,
    hint: 'make room on it or replace it; the box tries again every minute',
  },
  E5413: {
    exit: 1,
    says: () => 'has no backups to a NAS',
    hint: 'name its folder `backup` in `components` of its Flux Kustomization: docs/operate/synology.md',
  },
  E5414: {
    exit: 1,
    says: (why: string, _job: string) => `the job failed: ${why}`,
    hint: (_why: string, job: string) =>
      `\`cpiab status\` shows whether the NAS answers; Job ${job} keeps its log for a day`,
  },
} as const;
