/** What a person wrote or asked for can't be used. Exit status 2. */
export const inputErrors = {
  E1001: {
    exit: 2,
    says: (_nearest: string, _valid: string) => 'unknown key',
    hint: (nearest: string, valid: string) =>
      nearest === '' ? `valid keys here: ${valid}` : `did you mean ${nearest}? Valid keys here: ${valid}`,
  },
  E1002: {
    exit: 2,
    says: (expected: string, found: string) => `expected ${expected}, found ${found}`,
    hint: (expected: string) => `write ${expected} there`,
  },
  E1003: {
    exit: 2,
    says: (key: string, expected: string) => `the key ${key} is missing, expected ${expected}`,
    hint: (key: string) => `add ${key}`,
  },
  E1004: {
    exit: 2,
    says: () => 'not a valid document of its kind',
    hint: 'make it again with the command that writes it, or restore it from Git',
  },
  E1005: {
    exit: 2,
    says: (changed: string, _site: string) => `the lock is older than what it was made from: ${changed}`,
    hint: (_changed: string, site: string) => `run \`./cpiab lock ${site}\` and commit the result`,
  },
  E1006: {
    exit: 2,
    says: () => 'no such file, or it cannot be read',
    hint: 'check the path',
  },
  E1007: {
    exit: 2,
    says: (what: string) => `not valid YAML: ${what}`,
    hint: 'check quotes, colons and indentation on that line and the one before',
  },
  E1008: {
    exit: 2,
    says: (files: string) => `the work tree has uncommitted changes: ${files}`,
    hint: 'commit them, or add --dirty to build a bundle that is marked so',
  },
  E1009: {
    exit: 2,
    says: (known: string) => `no such site; known: ${known}`,
    hint: 'a site is a file config/clusters/<site>.yaml',
  },
  E1010: {
    exit: 2,
    says: (what: string, _command: string) => what,
    hint: (_what: string, command: string) => `see \`./${command} --help\``,
  },
  E1011: {
    exit: 2,
    says: (what: string) => `${what} is not supported by this version`,
    hint: 'see Limits in README.md',
  },
  E1012: {
    exit: 2,
    says: (name: string) => `the name in it is ${name}, but the file is called otherwise`,
    hint: 'a site has the name of its file',
  },
  E1013: {
    exit: 2,
    says: () => 'not a Git repository with a commit',
    hint: 'a bundle carries the committed repository: clone it with Git, or commit first',
  },
  E1014: {
    exit: 2,
    says: (first: string) => `overlaps with ${first}`,
    hint: 'choose networks that have no address in common',
  },
  E1015: {
    exit: 2,
    says: () => 'not built yet',
    hint: 'run `./cpiab build` first, or give the path of an ISO',
  },
  E1016: {
    exit: 2,
    says: () => 'a shallow clone, which lacks a part of the history',
    hint: 'run `git fetch --unshallow`: the box serves the whole history',
  },
  E1017: {
    exit: 2,
    says: () => 'is there already',
    hint: 'choose another name: nothing is written over',
  },
} as const;
