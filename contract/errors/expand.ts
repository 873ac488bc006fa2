/** What a person approves cannot be a plan. Exit status 2. */
export const expandInputErrors = {
  E1509: {
    exit: 2,
    says: () => 'not the digest of a plan: expected 64 hexadecimal digits',
    hint: 'copy the last line of `./cpiab expand plan`',
  },
} as const;

/** A pool cannot grow as it was asked. Exit status 1. */
export const expandErrors = {
  E5521: {
    exit: 1,
    says: () => 'this is not what the box proposes now: a machine, a pool or a limit is another',
    hint: 'look at `./cpiab expand plan` again, and approve the digest that it shows',
  },
  E5522: {
    exit: 1,
    says: (state: string, what: string) => `is ${state}, so it cannot ${what}`,
    hint: '`./cpiab expand status` shows where it stands',
  },
  E5523: {
    exit: 1,
    says: () => 'the site lets no such pool grow',
    hint: 'give the pool `expand` in `nodes.pools` of the site; docs/operate/nodes.md, "Expand a pool", says how',
  },
} as const;
