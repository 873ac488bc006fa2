/** Errors that are nobody's input: a defect of CPiaB, or the person's wish to stop. */
export const internalErrors = {
  E9001: {
    exit: 1,
    says: (message: string) => `unexpected: ${message}`,
    hint: 'this is a defect: run again with CPIAB_DEBUG=1 for the stack, and report it',
  },
  E9002: {
    exit: 130,
    says: () => 'interrupted',
    hint: 'run the same command again: it goes on where this one stopped',
  },
} as const;
