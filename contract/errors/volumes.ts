/** Chunks and volumes of a medium. Exit status 3: nothing that failed a check was used or written. */
export const volumeErrors = {
  E2401: {
    exit: 3,
    says: (missing: string) => `no signed index: ${missing} is not there`,
    hint: 'copy the .chunks.json and its .minisig there: both lie beside every good copy',
  },
  E2402: {
    exit: 3,
    says: (why: string) => `not an index of chunks: ${why}`,
    hint: 'use nothing of it: get it again from its source',
  },
  E2403: {
    exit: 3,
    says: (chunks: string) => `does not match the signed index: ${chunks}`,
    hint: 'copy only what is bad: `./cpiab repair THIS --from A-GOOD-COPY`',
  },
  E2404: {
    exit: 3,
    says: (missing: string, _medium: string) => `missing: ${missing}`,
    hint: (_missing: string, medium: string) =>
      `name the other directories with volumes of ${medium} too, or put the next carrier in and run again`,
  },
  E2405: {
    exit: 3,
    says: (why: string) => `not a part of this medium: ${why}`,
    hint: 'it is of another build or another split: look for the volume with the same index',
  },
  E2406: {
    exit: 3,
    says: (found: string) => `holds what belongs into ${found}`,
    hint: (found: string) => `the files were swapped or renamed: rename it to ${found}`,
  },
  E2407: {
    exit: 3,
    says: (other: string) => `is of another build than ${other}`,
    hint: 'give parts of one build alone: their indexes are the same to the byte',
  },
  E2408: {
    exit: 3,
    says: (chunks: string) => `no good copy was given of: ${chunks}`,
    hint: 'run again with one more source: what was mended stays so',
  },
  E2409: {
    exit: 3,
    says: (chunks: string) => `reads back otherwise than it was written: ${chunks}`,
    hint: 'the carrier is failing: use another one',
  },
} as const;
