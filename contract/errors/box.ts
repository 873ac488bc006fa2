/** A box, or the virtual machine it runs in, did not do what was asked. Exit status 1. */
export const boxErrors = {
  E5001: {
    exit: 1,
    says: (seconds: string, step: string, _log: string) =>
      `not converged after ${seconds} s; it was at ${step}`,
    hint: (_seconds: string, _step: string, log: string) =>
      `see the console's output in ${log}, or give more with --timeout`,
  },
  E5002: {
    exit: 1,
    says: (status: string, firstLine: string) => `QEMU ended with status ${status}: ${firstLine}`,
    hint: '`./cpiab doctor` checks this machine',
  },
  E5003: {
    exit: 1,
    says: (step: string, problem: string, _next: string) => `the box stopped at ${step}: ${problem}`,
    hint: (_step: string, _problem: string, next: string) => next,
  },
  E5004: {
    exit: 1,
    says: (why: string) => `no answer: ${why}`,
    hint: 'check the address (--box URL), and that the box has passed its serve step',
  },
  E5005: {
    exit: 1,
    says: (found: string, expected: string) => `presents key ${found}, expected ${expected}`,
    hint: 'this is not the box you mean: compare the fingerprint with its console',
  },
  E5006: {
    exit: 1,
    says: (failed: string) => `${failed} failed`,
    hint: 'the lines above say which and why',
  },
} as const;
