/** What a box says of itself is not what it signed. Exit status 3. */
export const recordErrors = {
  E2160: {
    exit: 3,
    says: (why: string) => `not sealed by a box: ${why}`,
    hint: 'use nothing of it, and get it again from the box itself',
  },
  E2161: {
    exit: 3,
    says: () => "the box's signature over the log does not verify",
    hint: 'believe nothing of it, and get it again from the box itself',
  },
  E2162: {
    exit: 3,
    says: (index: string, why: string) => `the log is wrong at entry ${index}: ${why}`,
    hint: 'somebody changed it: compare with earlier copies and with other witnesses, and look at who can reach the box',
  },
  E2163: {
    exit: 3,
    says: (found: string, expected: string) => `of the box with key ${found}, expected ${expected}`,
    hint: 'this is not the box you mean: compare the fingerprint with its console',
  },
  E2164: {
    exit: 3,
    says: (why: string) => `not the support bundle that a box has made: ${why}`,
    hint: 'get it again from the box, and believe nothing of this one',
  },
} as const;
