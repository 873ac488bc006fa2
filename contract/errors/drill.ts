/** A drill can't be begun or gone on with as it was asked for. Exit status 2. */
export const drillInputErrors = {
  E1701: {
    exit: 2,
    says: () => 'holds a drill of another scenario',
    hint: 'give another --out, or end that drill with `./cpiab drill abort DIR`',
  },
  E1702: {
    exit: 2,
    says: () => 'holds no drill',
    hint: 'give the directory that `./cpiab drill run --out` was given',
  },
  E1703: {
    exit: 2,
    says: (process: string) => `process ${process} runs this drill`,
    hint: 'wait for it to end, or end it: its drill can be gone on with',
  },
  E1704: {
    exit: 2,
    says: () => 'the banks of this drill are gone',
    hint: 'begin a new one with another --out; what it has measured stays in evidence',
  },
  E1705: {
    exit: 2,
    says: (site: string) => `is not there, and on substrate qemu the boxes of site ${site} start from it`,
    hint: 'run `./cpiab build` for that site first, with an ISO among its media',
  },
  E1706: {
    exit: 2,
    says: (fault: string) => `fault ${fault} can't be injected into virtual machines`,
    hint: 'take it out of the scenario, or run it with --substrate netns',
  },
} as const;

/** A drill's report can't be relied on. Exit status 3. */
export const drillTrustErrors = {
  E2601: {
    exit: 3,
    says: (what: string) => `is not what was measured: ${what}`,
    hint: 'use nothing of it, and ask for the folder as the drill has written it',
  },
} as const;

/** This machine can't hold the banks of a drill. Exit status 4. */
export const drillHostErrors = {
  E4060: {
    exit: 4,
    says: () => 'makes network namespaces and needs the rights of root',
    hint: 'run it as root, in a virtual machine or container of its own if you like',
  },
} as const;

/** A drill has ended otherwise than hoped for. Exit status 1. */
export const drillErrors = {
  E5701: {
    exit: 1,
    says: (why: string) => `${why}; bank A takes writes again`,
    hint: 'see the report in the folder evidence; mend what it names, then begin a new drill',
  },
  E5702: {
    exit: 1,
    says: (why: string) => `cannot be taken back yet: ${why}`,
    hint: 'put right what it names, then `./cpiab drill rollback DIR` goes on',
  },
  E5703: {
    exit: 1,
    says: (limits: string) => `the workload moved, but the drill has failed: ${limits}`,
    hint: 'see the report in the folder evidence',
  },
} as const;
