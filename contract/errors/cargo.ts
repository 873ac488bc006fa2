/** A cargo can't be trusted, or is not for this. Exit status 3: nothing of it was used. */
export const cargoTrustErrors = {
  E2190: {
    exit: 3,
    says: (why: string) => `is no whole cargo: ${why}`,
    hint: 'use nothing of it: bring what is missing or damaged again, or have it sealed anew',
  },
  E2191: {
    exit: 3,
    says: (found: string, expected: string) => `is sealed for ${found}, not for ${expected}`,
    hint: 'land it on the box that it was sealed for, or have it sealed for this one',
  },
  E2192: {
    exit: 3,
    says: (found: string, known: string) => `has sequence ${found}, but ${known} was there before`,
    hint: 'ask its sender for the newest: what is in this one is out of date',
  },
  E2193: {
    exit: 3,
    says: (made: string, clock: string) => `was sealed at ${made}, but the clock says ${clock}`,
    hint: 'set the clock: whether it has expired cannot be told',
  },
  E2194: {
    exit: 3,
    says: (date: string, clock: string) => `expired at ${date}; the clock says ${clock}`,
    hint: 'have it sealed anew: only what has changed is written again',
  },
} as const;

/** What `cpiab cargo` was told can't be. Exit status 2. */
export const cargoInputErrors = {
  E1430: {
    exit: 2,
    says: (site: string) => `the key that signs for site ${site} is not here`,
    hint: 'seal on the machine that builds the site: its ~/.config/cpiab/keys/ has minisign.key',
  },
  E1431: {
    exit: 2,
    says: (what: string) => `holds a cargo ${what}`,
    hint: 'seal into another directory',
  },
} as const;
