/** A bundle is signed, but it is not what its papers say, or its key may not sign it. Exit status 3. */
export const evidenceErrors = {
  E2112: {
    exit: 3,
    says: (clock: string, made: string) => `the clock says ${clock}, but it was made of packages of ${made}`,
    hint: "set this machine's clock: whether it has expired cannot be told",
  },
  E2113: {
    exit: 3,
    says: (what: string) => `${what}, which this version does not know`,
    hint: 'use nothing of it, or check it with the version of CPiaB that built it',
  },
  E2114: {
    exit: 3,
    says: (document: string, why: string) => `not ${document}: ${why}`,
    hint: 'use nothing of it: whoever signed it did not build it with CPiaB, or with another version',
  },
  E2115: {
    exit: 3,
    says: (what: string) => `the bundle has no ${what}`,
    hint: 'build it anew: bundles of older versions lack it',
  },
  E2116: {
    exit: 3,
    says: (what: string) => `index.json and the manifest disagree about ${what}`,
    hint: 'use nothing of it, and build it anew',
  },
  E2117: {
    exit: 3,
    says: () => 'content that no image and no artifact names',
    hint: 'use nothing of it: somebody signed more than what was built',
  },
  E2118: {
    exit: 3,
    says: () => 'is in the bundle, but the bill of materials does not describe it',
    hint: 'build it anew, and do not rely on this bill of materials',
  },
  E2119: {
    exit: 3,
    says: (what: string) => `the bill of materials contradicts itself or the manifest: ${what}`,
    hint: 'build it anew, and do not rely on this bill of materials',
  },
  E2120: {
    exit: 3,
    says: (found: string, expected: string) =>
      `the lock in the bundle is ${found}, but the manifest names ${expected}`,
    hint: 'use nothing of it: what it was built from cannot be told',
  },
  E2121: {
    exit: 3,
    says: (what: string) => `the lock and the bill of materials disagree: ${what}`,
    hint: 'build it anew from its lock, and compare with `./cpiab diff`',
  },
  E2122: {
    exit: 3,
    says: (found: string, locked: string) => `the bundle has ${found}, but the lock pins ${locked}`,
    hint: 'build it anew from its lock, and compare with `./cpiab diff`',
  },
  E2123: {
    exit: 3,
    says: (what: string) => `the provenance is about something else: ${what}`,
    hint: 'use nothing of it: how it was built cannot be told',
  },
  E2124: {
    exit: 3,
    says: (what: string) => `the provenance and the lock disagree: ${what}`,
    hint: 'build it anew from its lock',
  },
  E2125: {
    exit: 3,
    says: (found: string, known: string) => `sequence ${found} is older than ${known}, which was seen before`,
    hint: 'take a newer one: an old one may hold faults that were mended since',
  },
  E2126: {
    exit: 3,
    says: (found: string, expected: string) =>
      `made for site ${found}, but compared with one of site ${expected}`,
    hint: 'give --after a manifest or report of the same site',
  },
  E2127: {
    exit: 3,
    says: (key: string, why: string) => `the rotation of key ${key} ${why}`,
    hint: 'use nothing of it: only the holder of a key can name the next one',
  },
  E2128: {
    exit: 3,
    says: (keys: string) => `the rotations lead in a circle: ${keys}`,
    hint: 'use nothing of it, and ask its source for the current public key',
  },
  E2129: {
    exit: 3,
    says: (key: string, last: string, found: string) =>
      `signed by key ${key}, which was retired after sequence ${last}; this is ${found}`,
    hint: 'use nothing of it: ask its source for one that the current key signed',
  },
} as const;
