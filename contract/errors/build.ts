/** A build stage failed. Exit status 1: final names still hold what was there before, or nothing. */
export const buildErrors = {
  E3001: {
    exit: 1,
    says: (version: string, _site: string, _name: string) =>
      `version ${version} is not on the mirror any more`,
    hint: (_version: string, site: string, name: string) =>
      `run \`./cpiab lock ${site} --update ${name}\`, or build with neither --frozen nor --from`,
  },
  E3002: {
    exit: 1,
    says: () => 'cannot be fetched',
    hint: 'check the network and the package mirror, then run again: finished work is kept',
  },
  E3003: {
    exit: 1,
    says: (error: string, _log: string) => `does not compile: ${error}`,
    hint: (_error: string, log: string) => `the whole output is in ${log}`,
  },
  E3004: {
    exit: 1,
    says: (error: string, _log: string) => `failed: ${error}`,
    hint: (_error: string, log: string) => `the whole output is in ${log}`,
  },
  E3005: {
    exit: 1,
    says: (pid: string) => `another build is writing there (process ${pid})`,
    hint: 'wait for it, or give this one another directory with --out',
  },
  E3006: {
    exit: 1,
    says: (what: string) => what,
    hint: 'correct the recipe, or lock what it names',
  },
  E3007: {
    exit: 1,
    says: (found: string) => `the tag is not the version in the lock: ${found}`,
    hint: 'an image carries the version of the program in it: change the tag in its recipe',
  },
  E3008: {
    exit: 1,
    says: (what: string) => `--frozen, but the lock no longer holds: ${what}`,
    hint: 'build without --frozen to lock the entry anew, and commit the lock',
  },
  E3009: {
    exit: 1,
    says: () => 'the disk is full',
    hint: 'free some space and run again: finished work is kept',
  },
  E3010: {
    exit: 1,
    says: () => 'damaged in the cache; it is removed',
    hint: 'run the build again: it makes the file anew',
  },
  E3011: {
    exit: 1,
    says: (why: string) => `the registry does not answer: ${why}`,
    hint: 'check the network, or name a mirror of it in the site (registries); then run again: finished work is kept',
  },
  E3012: {
    exit: 1,
    says: (why: string) => `the registry refuses: ${why}`,
    hint: 'log in with `docker login` or `skopeo login`, or name the file that holds the login in REGISTRY_AUTH_FILE',
  },
  E3013: {
    exit: 1,
    says: () => 'the registry wants fewer requests, and went on refusing',
    hint: 'run again later: finished work is kept. A login or a mirror (registries in the site) often allows more',
  },
  E3014: {
    exit: 1,
    says: () => 'the registry has no such image, tag or blob',
    hint: 'check the name and tag; a registry that wants a login may say the same of what it hides',
  },
  E3015: {
    exit: 1,
    says: (wanted: string, found: string) => `no image for ${wanted}; it has ${found}`,
    hint: 'choose a version, or another image, that is published for this platform',
  },
  E3016: {
    exit: 1,
    says: (bytes: string, size: string) => `ended after ${bytes} of ${size} bytes, again and again`,
    hint: 'run again: what came is kept and gone on with',
  },
  E3017: {
    exit: 1,
    says: (what: string) => `the registry's answer makes no sense: ${what}`,
    hint: 'check that the name is that of a container image and the address that of a registry',
  },
  E3018: {
    exit: 1,
    says: (why: string) => `the registry's certificate is not trusted: ${why}`,
    hint: "give the authority's certificate as `ca` of the registry in the site (registries)",
  },
  E3019: {
    exit: 1,
    says: (what: string) => `cannot be laid out on the medium: ${what}`,
    hint: 'choose another version of the image, or build it from a recipe (images/oci)',
  },
  E3030: {
    exit: 1,
    says: (found: string) => `not a Helm chart: ${found}`,
    hint: 'name images among `images` of the bundle set, charts among `charts`',
  },
  E3036: {
    exit: 1,
    says: (why: string, _command: string) => `the credential helper gives no login: ${why}`,
    hint: (_why: string, command: string) => `run \`${command}\` to see the same, or log in again`,
  },
  E3040: {
    exit: 1,
    says: (why: string) => `the server does not answer: ${why}`,
    hint: 'check the network and the address, then run again: finished work is kept',
  },
  E3041: {
    exit: 1,
    says: (why: string) => `the server refuses: ${why}`,
    hint: 'check the address in the bundle set; it must be open to anybody',
  },
  E3042: {
    exit: 1,
    says: (why: string) => `the server's certificate is not trusted: ${why}`,
    hint: "give the authority's certificate as `ca` of the server in the site (servers)",
  },
  E3043: {
    exit: 1,
    says: (address: string) => `leads to ${address}, where others can change what is said`,
    hint: 'name the address that it leads to, with sha256 beside it if it is not https',
  },
  E3045: {
    exit: 1,
    says: (said: string) => `git cannot read it: ${said}`,
    hint: '`git ls-remote` of the address shows the same: check it, and the login that Git has for it',
  },
  E3046: {
    exit: 1,
    says: (ref: string) => `has no branch or tag ${ref}`,
    hint: 'correct ref in the bundle set; a commit is written with all its 40 digits',
  },
  E3047: {
    exit: 1,
    says: (commit: string, ref: string) => `commit ${commit}, locked for ${ref}, is not there any more`,
    hint: 'somebody rewrote the history: look at what it is now, and lock it anew',
  },
  E3080: {
    exit: 1,
    says: (name: string) => `has no checksum of ${name}`,
    hint: 'it is not the list of that release: check version and release of the engine in the site',
  },
  E3081: {
    exit: 1,
    says: (what: string) => `not a list of checksums: ${what}`,
    hint: 'something else lies at the address, or a part of it: check version and release of the engine in the site',
  },
  E3082: {
    exit: 1,
    says: (what: string) => `not a list of images: ${what}`,
    hint: 'something else lies at the address, or a part of it: check version and release of the engine in the site',
  },
  E3090: {
    exit: 1,
    says: (folder: string, _remedy: string) => `neither the cache nor ${folder} has it`,
    hint: (_folder: string, remedy: string) => `${remedy}; or build without --from, which asks the network`,
  },
  E3091: {
    exit: 1,
    says: (target: string) => `leads out of the folder, to ${target}`,
    hint: 'put the file itself into the folder that --from names',
  },
} as const;
