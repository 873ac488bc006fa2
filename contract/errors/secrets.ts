/** What `cpiab secrets` was given can't be used. Exit status 2. */
export const secretsInputErrors = {
  E1420: {
    exit: 2,
    says: (mode: string, _path: string) => `holds secrets, and others may use it: its mode is ${mode}`,
    hint: (_mode: string, path: string) =>
      `\`chmod 600 ${path}\`; if others use this machine, change what it holds`,
  },
  E1421: {
    exit: 2,
    says: (variable: string, _app: string) => `has no value for ${variable}`,
    hint: (variable: string, app: string) => `add ${variable}=…; ${app} asks for it`,
  },
  E1422: {
    exit: 2,
    says: (variable: string, _nearest: string) => `no app of the site asks for ${variable}`,
    hint: (_variable: string, nearest: string) =>
      nearest === ''
        ? 'delete the line, or declare it among `secrets` of an app.yaml'
        : `did you mean ${nearest}? Else delete the line`,
  },
  E1423: {
    exit: 2,
    says: (site: string) => `the age key of site ${site} is not here, and its Secrets are encrypted for one`,
    hint: (site: string) =>
      `copy age.key of the machine that has it to ~/.config/cpiab/keys/${site}/, mode 0600`,
  },
  E1424: {
    exit: 2,
    says: (known: string) => `no such Secret of the site; known: ${known}`,
    hint: 'name one as APP/NAME, or declare it in the app.yaml and run `./cpiab secrets render`',
  },
  E1425: {
    exit: 2,
    says: (what: string) => `cannot be used: ${what}`,
    hint: 'its creation rule needs `path_regex` and, in `age`, recipients that begin with age1; `./cpiab secrets render` writes one',
  },
} as const;

/** SOPS could not do its work. Exit status 1. */
export const secretsBuildErrors = {
  E3095: {
    exit: 1,
    says: (work: string, why: string) => `SOPS cannot ${work} it: ${why}`,
    hint: 'nothing was written; a file for another key is restored from Git, or deleted and rendered again',
  },
} as const;

/** This machine can't do it safely. Exit status 4. */
export const secretsHostErrors = {
  E4050: {
    exit: 4,
    says: () => 'no memory file system of this user, and plain text must not reach a disk',
    hint: 'mount a tmpfs at /dev/shm, or change the value in the env file and run `./cpiab secrets render`',
  },
} as const;
