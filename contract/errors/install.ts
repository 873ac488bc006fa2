/** A box can't install itself to the disks that it has. Exit status 2: a person must change something. */
export const installErrors = {
  E1301: {
    exit: 2,
    says: (reasons: string) => `no disk fits: ${reasons}`,
    hint: 'build in a disk, or change `install.disk` of the site; "Run from this medium" in the boot menu needs none',
  },
  E1302: {
    exit: 2,
    says: (found: string) => `holds data and was left alone: ${found}`,
    hint: 'start again with a blank disk; or choose "Install to a disk" in the boot menu and say that it may be erased; or name its serial number in `install.erase` of the site',
  },
  E1304: {
    exit: 2,
    says: (rule: string) => `none of the disks that it offers is ${rule}`,
    hint: 'look at them with `./cpiab install BOX`, and name one with --disk',
  },
  E1305: {
    exit: 2,
    says: (rule: string, names: string) => `more than one is ${rule}: ${names}`,
    hint: 'name one of them: `--disk NAME` or `--disk serial=NUMBER`',
  },
  E1306: {
    exit: 2,
    says: (disk: string) => `holds data: ${disk}`,
    hint: 'add --erase when all of it may go',
  },
  E1307: {
    exit: 2,
    says: () => 'does not ask for a disk',
    hint: 'start it from its ISO with `install: {mode: ask}` in the site or the seed, or "Install to a disk" in the boot menu',
  },
  E1303: {
    exit: 2,
    says: (names: string) => `more than one fits: ${names}`,
    hint: 'name the serial number of one in `install.disk.serial` of the site, or choose "Install to a disk" in the boot menu',
  },
} as const;

/** What a box wrote to its disk is not good. Exit status 3: the disk does not start. */
export const installTrustErrors = {
  E2170: {
    exit: 3,
    says: (what: string) => `${what} reads back otherwise than it was written`,
    hint: 'the medium or this disk is bad: check the medium with `./cpiab verify`, else install to another disk; this one does not start',
  },
} as const;
