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
  E1030: {
    exit: 2,
    says: (found: string) => `is ${found}, where a file is expected`,
    hint: 'give the path of a file',
  },
  E1031: {
    exit: 2,
    says: () => 'a part of the path is a file, where a directory is expected',
    hint: 'check the path, and what lies there',
  },
  E1032: {
    exit: 2,
    says: () => 'this user may not read it',
    hint: 'check owner and mode of it and of the directories above it',
  },
  E1033: {
    exit: 2,
    says: () => 'symbolic links lead in a circle',
    hint: 'put the file itself there, or let the link lead to it',
  },
  E1034: {
    exit: 2,
    says: () => 'empty',
    hint: 'restore it from Git, or write it anew',
  },
  E1035: {
    exit: 2,
    says: (size: string, limit: string) => `has ${size}, and no document of its kind has more than ${limit}`,
    hint: 'check that it is the right file',
  },
  E1036: {
    exit: 2,
    says: () => 'not UTF-8 text',
    hint: 'save it with the encoding UTF-8',
  },
  E1037: {
    exit: 2,
    says: () => 'a conflict that Git left there',
    hint: 'settle the merge: keep what is right, delete the marks (<<<<<<<, =======, >>>>>>>)',
  },
  E1038: {
    exit: 2,
    says: () => 'a second document begins here',
    hint: 'a file holds one document: delete the line --- and what follows, or put it into a file of its own',
  },
  E1039: {
    exit: 2,
    says: (most: string) => `its aliases stand for more than ${most} copies`,
    hint: 'write the values out instead of using anchors (&) and aliases (*)',
  },
  E1040: {
    exit: 2,
    says: () => 'nested too deeply',
    hint: 'check that it is the right file: no document of its kind is nested so',
  },
  E1041: {
    exit: 2,
    says: (what: string) => `not valid JSON: ${what}`,
    hint: 'a file that a command wrote is best made by it again, or restored from Git',
  },
  E1042: {
    exit: 2,
    says: () => 'ends in the middle',
    hint: 'it was cut off while it was written or copied: restore it from Git, or make it again with the command that writes it',
  },
  E1043: {
    exit: 2,
    says: (key: string) => `the key ${key} is there twice`,
    hint: 'delete one of the two: which one counts would be a guess',
  },
  E1044: {
    exit: 2,
    says: () => 'a tab where YAML wants spaces',
    hint: 'indent with spaces; most editors can turn tabs into them',
  },
  E1045: {
    exit: 2,
    says: (target: string) => `a link out of the repository, to ${target}`,
    hint: 'put the file itself there and commit it: what a commit does not hold, nobody can build again',
  },
  E1046: {
    exit: 2,
    says: (one: string, other: string) => `both ${one} and ${other} give it`,
    hint: 'take one of the two out of the bundle sets, or give it another name',
  },
  E1047: {
    exit: 2,
    says: (_site: string, published: string, _hosts: string) =>
      published === ''
        ? 'there is no lock yet'
        : `there is no lock yet, so these have no digest: ${published}`,
    hint: (site: string, _published: string, hosts: string) =>
      `run \`./cpiab lock ${site}\`${hosts === '' ? '' : ` on a machine that reaches ${hosts}`}, and commit config/clusters/${site}.lock.json`,
  },
  E1048: {
    exit: 2,
    says: () => 'holds no certificate',
    hint: 'give PEM: it begins with -----BEGIN CERTIFICATE-----',
  },
  E1049: {
    exit: 2,
    says: () => 'not a minisign public key',
    hint: 'give the minisign.pub that lies beside the media of the site, handed over another way than the media',
  },
  E1050: {
    exit: 2,
    says: () => 'not a minisign secret key without a password',
    hint: 'restore it from a backup: boxes of the site take only what is signed with it',
  },
  E1051: {
    exit: 2,
    says: () => 'not a file of logins as `docker login` writes it',
    hint: 'mend it, or put it aside and log in again',
  },
  E1052: {
    exit: 2,
    says: () => 'not a record of a box that was started here',
    hint: 'delete it: `./cpiab boot` writes a new one',
  },
  E1053: {
    exit: 2,
    says: (host: string) => `what it has for ${host} is neither a login nor the name of a credential helper`,
    hint: (host: string) => `log in again: \`docker login ${host}\` or \`skopeo login ${host}\``,
  },
  E1054: {
    exit: 2,
    says: () => 'belongs to another user, so Git does not read it',
    hint: 'clone it as yourself; or, if you trust it, `git config --global --add safe.directory` with its path',
  },
  E1055: {
    exit: 2,
    says: () => 'a submodule: its files are in another repository',
    hint: 'put the files themselves there, as a box has no place to get them from; or take it as a repository of a bundle set',
  },
  E1056: {
    exit: 2,
    says: () => 'a pointer of Git LFS: its content is on another server',
    hint: 'commit the content itself (`git lfs migrate export`), or carry it as a file of a bundle set',
  },
  E1057: {
    exit: 2,
    says: (said: string) => `Git cannot read it: ${said}`,
    hint: '`git fsck` shows what is wrong; a fresh clone mends most of it',
  },
  E1058: {
    exit: 2,
    says: (folder: string) => `the commit has no folder ${folder}`,
    hint: 'a site with a box keeps there what Flux applies: commit it',
  },
  E1060: {
    exit: 2,
    says: (first: string, second: string) => `two files are put there: ${first} and ${second}`,
    hint: 'give one of them another path in its bundle set',
  },
  E1061: {
    exit: 2,
    says: (what: string, _site: string) => `the lock does not fit its site: ${what}`,
    hint: (_what: string, site: string) => `run \`./cpiab lock ${site}\` and commit the result`,
  },
  E1070: {
    exit: 2,
    says: () => 'neither an ISO nor a disk image (raw with a GPT, or qcow2)',
    hint: 'name a medium that `cpiab build` wrote; unpack a .zst first: `zstd -d FILE`',
  },
  E1071: {
    exit: 2,
    says: (base: string, wanted: string) => `it keeps the changes of ${base}, not of ${wanted}`,
    hint: 'boot the image that it belongs to, or name a file that is not there yet',
  },
  E1072: {
    exit: 2,
    says: () => 'only a bundle directory can be served',
    hint: 'mount the ISO and name its `bundle`, or unpack the tarball: `tar --zstd -xf FILE`',
  },
  E1073: {
    exit: 2,
    says: () => 'TLS needs a certificate and its key',
    hint: 'give both --tls-cert and --tls-key',
  },
  E1074: {
    exit: 2,
    says: (why: string, _way: string) => `has nothing that a machine boots: ${why}`,
    hint: (_why: string, way: string) => way,
  },
  E1075: {
    exit: 2,
    says: (why: string) => `has no box to assess: ${why}`,
    hint: 'name a site whose engine is kubeadm',
  },
  E1080: {
    exit: 2,
    says: (kinds: string, why: string) => `has no box to boot, so no ${kinds}: ${why}`,
    hint: 'leave out `media` and `--only`: the bundle and the tarball have all of it',
  },
  E1081: {
    exit: 2,
    says: (found: string, next: string) => `sequence ${found} cannot come before ${next}`,
    hint: 'give the manifest.json of an older bundle of the same site',
  },
} as const;
