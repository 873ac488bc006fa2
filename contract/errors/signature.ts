/** A published image is not signed as the site asks. Exit status 3: nothing of it was used. */
export const signatureErrors = {
  E2140: {
    exit: 3,
    says: (tag: string, keys: string) => `has no signature ${tag}, and the site wants one by ${keys}`,
    hint: 'ask who publishes it for a signed version; if it needs no signature, narrow `repository` of the key in the site (registries)',
  },
  E2141: {
    exit: 3,
    says: (tag: string, keys: string) => `no signature in ${tag} is by ${keys}`,
    hint: 'do not use the image before you know who signed it; if its publisher has a new key, add that to the site (registries)',
  },
  E2142: {
    exit: 3,
    says: (key: string, found: string, expected: string) =>
      `the signature by ${key} is for another image: ${found}, not ${expected}`,
    hint: 'somebody put the signature of one image beside another: do not use the image, and tell who runs the registry',
  },
  E2143: {
    exit: 3,
    says: (tag: string, what: string) => `${tag} is no signature that can be checked: ${what}`,
    hint: 'ask who publishes it to sign it with `cosign sign --key`; signatures without a key of their own are not read',
  },
  E2144: {
    exit: 3,
    says: (what: string) => `the lock does not fit the keys in the site: ${what}`,
    hint: 'run `./cpiab lock` for the site: it checks the signature and writes it into the lock',
  },
  E2145: {
    exit: 3,
    says: () => 'only stands in for the image of this name, for rehearsals (label dev.cpiab.rehearsal)',
    hint: "take it from where the project publishes it: look at the site's mirrors (registries). A site that only rehearses says `rehearsal: true`",
  },
} as const;

/** A key for signatures in the site cannot be used. Exit status 2. */
export const signatureKeyErrors = {
  E1090: {
    exit: 2,
    says: (why: string) => `not a public key for signatures of images: ${why}`,
    hint: 'give what `cosign generate-key-pair` writes as cosign.pub: PEM of ECDSA P-256, Ed25519, or RSA of 2048 bits or more',
  },
  E1091: {
    exit: 2,
    says: (key: string) => `the key ${key} is for no published image of the site`,
    hint: 'correct the registry or `repository` beside it: a key with a mistyped one would check nothing; or take the key out',
  },
} as const;
