/** A registry answers what cannot be used, or what must not be. Exit status 1: nothing of it is kept. */
export const registryErrors = {
  E3050: {
    exit: 1,
    says: (from: string) => `a web page came from ${from}, not a registry's answer`,
    hint: 'something stands in between, such as the login page of a network: open a browser and log in, or use another network',
  },
  E3051: {
    exit: 1,
    says: (most: string, last: string) => `redirects more than ${most} times, last to ${last}`,
    hint: 'check the address of the registry or mirror (registries in the site)',
  },
  E3052: {
    exit: 1,
    says: (to: string) => `redirects to ${to}, where anybody on the way could change what comes`,
    hint: 'give an https address of the registry, or of a mirror of it (registries in the site)',
  },
  E3053: {
    exit: 1,
    says: (server: string, what: string) => `its token server ${server} answers what is no token: ${what}`,
    hint: 'check the network; if it stays so, tell who runs the registry',
  },
  E3054: {
    exit: 1,
    says: (found: string, size: string) => `has ${found} bytes, but its manifest says ${size}`,
    hint: 'the registry or mirror holds a damaged copy: tell who runs it, or take another one (registries in the site)',
  },
  E3057: {
    exit: 1,
    says: (digest: string) => `names content by ${digest}; this version reads sha256 alone`,
    hint: 'push the image again with sha256 digests: `skopeo copy` does',
  },
  E3058: {
    exit: 1,
    says: () => "published in the first version of Docker's manifest, which has no digests of layers",
    hint: 'push it again with a present tool, such as `skopeo copy --format oci`, or choose a newer version',
  },
  E3059: {
    exit: 1,
    says: (layer: string) => `its layer ${layer} may not be redistributed, so the registry does not hold it`,
    hint: 'choose an image without such layers: they are bases of Windows',
  },
  E3060: {
    exit: 1,
    says: (type: string) => `an artifact of type ${type}, not a container image`,
    hint: 'name an image here: a chart or file belongs elsewhere',
  },
  E3061: {
    exit: 1,
    says: (most: string) => `an answer of more than ${most} bytes`,
    hint: 'check that the address is that of a registry: no manifest, list of tags or token is so large',
  },
  E3062: {
    exit: 1,
    says: () => 'an index that leads to another index',
    hint: 'name the image by the tag or digest of the inner index, or push it with one index',
  },
  E3063: {
    exit: 1,
    says: (why: string, _today: string) => `the certificate does not hold today: ${why}`,
    hint: (_why: string, today: string) =>
      `if today is not ${today}, set this machine's clock; else the registry needs a new certificate`,
  },
  E3064: {
    exit: 1,
    says: (names: string) => `the certificate is for another host: ${names}`,
    hint: 'use a name that is in the certificate; if you do, something stands in between: trust nothing of it',
  },
  E3065: {
    exit: 1,
    says: () => 'does not speak TLS there',
    hint: 'check the port; plain http is only for a mirror on this machine (registries in the site)',
  },
  E3066: {
    exit: 1,
    says: (why: string) => `cannot be unpacked: ${why}`,
    hint: 'it was published so: tell who publishes it, or choose another version of the image',
  },
  E3067: {
    exit: 1,
    says: (most: string) => `unpacks to more than ${most} bytes, which no honest layer of its size does`,
    hint: 'do not use the image; if you trust it, push it again with larger or uncompressed layers',
  },
} as const;
