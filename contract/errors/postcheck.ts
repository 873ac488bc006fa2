/** Checking a box, and what depends on it. Exit status 1. */
export const postcheckErrors = {
  E5610: {
    exit: 1,
    says: () => 'the post-check was cut off before its end',
    hint: 'run it again: the box takes away by itself what the first one made; `cpiab audit` may say what ended it',
  },
  E5611: {
    exit: 1,
    says: (why: string) => `cannot be completed: ${why}`,
    hint: 'run `cpiab postcheck` until it is green, then look at `cpiab stage`',
  },
} as const;
