/** A workload does not get a certificate. Exit status 3: it has not shown who it is. */
export const svidTrustErrors = {
  E2520: {
    exit: 3,
    says: (why: string) => `the token shows no workload: ${why}`,
    hint: 'mount a serviceAccountToken with audience cpiab.dev/svid into the pod, and read its file before each request',
  },
} as const;

/** Exit status 1. */
export const svidErrors = {
  E5520: {
    exit: 1,
    says: (seconds: string) => `asks for certificates too often; the next in ${seconds} s`,
    hint: 'keep a certificate until half of its life is over',
  },
} as const;
