/** Something is not what its signature, digest or seal says. Exit status 3: nothing of it was used. */
export const trustErrors = {
  E2101: {
    exit: 3,
    says: () => 'the signature does not verify',
    hint: 'use nothing of it: get the medium again from its source, and check the key you verify with',
  },
  E2102: {
    exit: 3,
    says: (found: string, expected: string) => `signed by key ${found}, expected key ${expected}`,
    hint: 'give the public key of its site with --key',
  },
  E2103: {
    exit: 3,
    says: () => 'the content does not match its digest',
    hint: 'it is damaged or was changed: copy it again from a good source, or only what is bad with `./cpiab repair`',
  },
  E2104: {
    exit: 3,
    says: () => 'a file that the signed manifest does not list',
    hint: 'use nothing of it: somebody or something added the file after signing',
  },
  E2105: {
    exit: 3,
    says: () => 'listed in the signed manifest, but missing',
    hint: 'the copy is incomplete: copy it again',
  },
  E2106: {
    exit: 3,
    says: () => 'not a medium of CPiaB, or too damaged to read',
    hint: 'give an ISO, a .tar.zst or a bundle directory that `./cpiab build` wrote',
  },
  E2107: {
    exit: 3,
    says: () => 'the seal over the whole medium does not verify',
    hint: 'bytes outside the bundle were changed, such as the boot loader: copy it again, or use `./cpiab repair`',
  },
  E2108: {
    exit: 3,
    says: (date: string, clock: string) => `expired on ${date}; the clock says ${clock}`,
    hint: 'build or fetch a newer one',
  },
  E2109: {
    exit: 3,
    says: (index: string) => `the signature of Debian's index does not verify: ${index}`,
    hint: 'the mirror is stale or dishonest, or a login page of the network stands in between: try another, and check the clock',
  },
  E2110: {
    exit: 3,
    says: (found: string, kept: string) => `sequence ${found} is older than ${kept}, which this box has run`,
    hint: 'start from a newer medium: an old one may hold faults that were mended since',
  },
  E2111: {
    exit: 3,
    says: (found: string, expected: string) =>
      `made for site ${found}, but the operating system is of site ${expected}`,
    hint: 'copy the medium again from a good source: parts of two builds are mixed',
  },
  E2130: {
    exit: 3,
    says: (found: string, expected: string) => `has sha256 ${found}, expected ${expected}`,
    hint: 'the server has another file now, or somebody changed it on the way: if it is meant, lock it anew, and correct what expects it: sha256 in the bundle set, or the checksums of a release',
  },
  E2131: {
    exit: 3,
    says: (size: string, most: string) => `has ${size}, and no document of a bundle has more than ${most}`,
    hint: 'use nothing of it: get it again from a good source',
  },
  E2132: {
    exit: 3,
    says: (found: string) => `is ${found}, where a bundle has a file`,
    hint: 'copy the bundle again as it was built, with `cp -a`',
  },
  E2133: {
    exit: 3,
    says: (name: string, what: string) => `its member ${JSON.stringify(name)} ${what}`,
    hint: 'nothing of the archive is used: somebody changed it, or made it by other means; get it again from a good source',
  },
  E2301: {
    exit: 3,
    says: (base: string, found: string) => `the delta starts from ${base}, but this is ${found}`,
    hint: (base: string) => `apply it to ${base}, or apply the deltas in between first`,
  },
  E2302: {
    exit: 3,
    says: (old: string, target: string) => `no delta leads from ${old} to ${target}`,
    hint: 'give two bundles of one site, the older one first',
  },
  E2303: {
    exit: 3,
    says: (why: string) => `not a delta: ${why}`,
    hint: 'copy it again from a good source, or make it anew with `./cpiab delta`',
  },
} as const;
