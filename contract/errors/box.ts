/** A box, or the virtual machine it runs in, did not do what was asked. Exit status 1. */
export const boxErrors = {
  E5001: {
    exit: 1,
    says: (seconds: string, step: string, _log: string) => `not there after ${seconds} s; it was at ${step}`,
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
    says: () => 'its key is not known here',
    hint: 'add `#` and the fingerprint that its console shows to the address: --box https://HOST:7443#FINGERPRINT',
  },
  E5007: {
    exit: 1,
    says: (line: string, _log: string) => `the box's kernel stopped: ${line}`,
    hint: (_line: string, log: string) =>
      `boot it again; QEMU before 8.1 loses an instruction now and then when it emulates two processors. All is in ${log}`,
  },
  E5010: {
    exit: 1,
    says: (status: string, why: string) => `the box refuses: status ${status}, ${why}`,
    hint: "give the site's operator certificate and key with --cert and --key; `./cpiab build` made them",
  },
  E5101: {
    exit: 1,
    says: (why: string) => why,
    hint: 'the box tries again by itself; if this stays, restart it, and replace the medium if that does not help',
  },
  E5102: {
    exit: 1,
    says: (names: string) => `the bundle lacks images that the engine needs: ${names}`,
    hint: 'build the bundle again with the bundle set `core`',
  },
  E5103: {
    exit: 1,
    says: (path: string) => `revision has no usable ${path}`,
    hint: (path: string) => `restore ${path} in Git and push; the box applies it by itself`,
  },
  E5110: {
    exit: 1,
    says: (why: string) => `no snapshot of the cluster's state: ${why}`,
    hint: 'wait until the box shows that Kubernetes is ready, and see that the disk has room; then try again',
  },
  E5111: {
    exit: 1,
    says: (why: string) => `is not a whole snapshot of a cluster's state: ${why}`,
    hint: 'the cluster was not touched: take another snapshot, or another copy of this one',
  },
  E5112: {
    exit: 1,
    says: (seconds: string) => `the control plane did not stop within ${seconds} s`,
    hint: 'restart the box: it puts the restored state in place before it starts Kubernetes',
  },
} as const;
