import type { Rule } from './rule.ts';

const OUT_OF_HISTORY =
  'take it out of every commit that is pushed, for example with `git rebase -i`, and replace a secret that left this machine';

/** Rules about references, history, files and documents of our own. */
export const repositoryRules = {
  'protected-branch': {
    group: 'references',
    refuses: 'branch `main` rewritten or deleted',
    fix: '`git pull --rebase`, then push without force; take a change back with `git revert`',
  },
  'reference-name': {
    group: 'references',
    refuses: 'references other than branches and tags',
    fix: 'push to `refs/heads/…` or `refs/tags/…`',
  },
  'tag-moved': {
    group: 'references',
    refuses: 'a tag that is moved or deleted',
    fix: 'make another tag: what was released under a name stays',
  },
  signature: {
    group: 'history',
    refuses: "commits that are not signed as the site's `git.signed` asks",
    fix: '`git config gpg.format ssh`, `git config user.signingKey ~/.ssh/id_ed25519.pub`, then `git rebase --exec "git commit --amend --no-edit -S" origin/main`',
  },
  'large-file': {
    group: 'history',
    refuses: 'a file of more than 10 MiB, or a manifest of more than 1 MiB',
    fix: 'carry large content in the bundle (`downloads` of a bundle set): every clone of Git would have it for ever',
  },
  'push-size': {
    group: 'history',
    refuses: 'more than 128 MiB of new files at once',
    fix: 'push the commits in parts: `git push origin COMMIT:main`, the older ones first',
  },
  'secret-key': {
    group: 'history',
    refuses: 'a private key, also in an earlier commit of the push',
    fix: OUT_OF_HISTORY,
  },
  'secret-token': {
    group: 'history',
    refuses: 'a token of a known shape, also in an earlier commit of the push',
    fix: OUT_OF_HISTORY,
  },
  'env-file': {
    group: 'files',
    refuses: "the values of a site's Secrets, `config/env/<site>.env`",
    fix: OUT_OF_HISTORY,
  },
  'link-out': {
    group: 'files',
    refuses: 'a symbolic link that leads out of the repository',
    fix: 'copy what it leads to into the repository',
  },
  submodule: {
    group: 'files',
    refuses: 'a Git submodule',
    fix: 'copy its files into the repository: the box could not fetch it',
  },
  'case-collision': {
    group: 'files',
    refuses: 'paths that differ only in upper and lower case',
    fix: 'rename one: other file systems keep only one of the two',
  },
  'path-name': {
    group: 'files',
    refuses: 'paths with control characters, backslashes or names that Windows keeps for itself',
    fix: 'rename the file',
  },
  'merge-conflict': {
    group: 'documents',
    refuses: 'marks of an unfinished merge',
    fix: 'decide for one side, and delete the marks',
  },
  'yaml-syntax': {
    group: 'documents',
    refuses: 'text that is not YAML',
    fix: 'correct the YAML; indent with spaces',
  },
  'yaml-duplicate-key': {
    group: 'documents',
    refuses: 'a key that its mapping has twice',
    fix: 'keep one of the two',
  },
  'yaml-aliases': {
    group: 'documents',
    refuses: 'aliases that stand for too much or for nothing',
    fix: 'write the values out',
  },
  'own-document': {
    group: 'documents',
    refuses:
      "unknown, missing or wrong keys of an `app.yaml`, of a bundle set, of the site's definition, of an `alerts.yaml` or of a dashboard",
    fix: '`config/schema` has what each document may say',
  },
  query: {
    group: 'documents',
    refuses: 'an alert or a dashboard whose query Prometheus cannot read',
    fix: "correct the PromQL; of Grafana's variables a query may have `$__rate_interval`",
  },
  'app-folder': {
    group: 'documents',
    refuses:
      'an app whose folder is called otherwise, that has no `app.yaml`, or whose bundle set is not there',
    fix: 'one app, one folder, one name, described by its app.yaml; `./cpiab app new NAME` makes one',
  },
  'app-health': {
    group: 'documents',
    refuses: 'an app whose `health` asks a Service, port or Deployment that it does not have',
    fix: 'name what is among its manifests',
  },
  'app-media': {
    group: 'documents',
    refuses:
      'an app whose `media` names folders that no container has of that claim, or links between two mounts',
    fix: 'name folders as the container sees them, and mount the claim once, above all of them',
  },
  exception: {
    group: 'documents',
    refuses: 'an exception that has ended, that names no rule, or for a rule that has none',
    fix: 'repair what it excuses, or renew it with an owner and a later date',
  },
} as const satisfies Record<string, Rule>;
