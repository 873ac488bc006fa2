/** What is given is no new passphrase. Exit status 2. */
export const passphraseInputErrors = {
  E1415: {
    exit: 2,
    says: (why: string) => `not a new passphrase: ${why}`,
    hint: 'write another one in the first line of the file: 12 to 512 characters of ASCII',
  },
} as const;

/** The passphrase of a box's state was not changed. Exit status 1. */
export const passphraseErrors = {
  E5121: {
    exit: 1,
    says: () => 'its state is not encrypted, so there is no passphrase',
    hint: 'encryption is decided when a state is made: docs/operate/encryption.md',
  },
  E5122: {
    exit: 1,
    says: () => 'the old passphrase does not open its state',
    hint: 'nothing was changed; give the passphrase that a start asks for, or beside a TPM the recovery passphrase',
  },
  E5123: {
    exit: 1,
    says: (why: string) => `the passphrase was not changed to the end: ${why}`,
    hint: 'the old one or the new one opens the state, perhaps both: run it again with the same files',
  },
} as const;
