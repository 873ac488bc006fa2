import type { Rule } from './rule.ts';

/** Rules about objects, and how Flux gets to them. */
export const clusterRules = {
  'object-shape': {
    group: 'objects',
    refuses: 'a manifest without `apiVersion`, `kind` or a valid `metadata.name`',
    fix: 'give it all three: lower-case letters, digits, hyphens and dots in the name',
  },
  'object-twice': {
    group: 'objects',
    refuses: 'the same object written twice',
    fix: 'delete one: which of the two wins is not defined',
  },
  'object-namespace': {
    group: 'objects',
    refuses: 'an object in another namespace than its app',
    fix: 'set `metadata.namespace` to the name in the app.yaml: one app, one folder, one namespace',
  },
  'api-removed': {
    group: 'objects',
    refuses: 'an API version that the Kubernetes of boxes does not have',
    fix: 'write it for the version that the message names',
  },
  'unknown-field': {
    group: 'objects',
    refuses: 'a field that its kind does not have',
    fix: 'correct the name, or delete the field',
  },
  'field-value': {
    group: 'objects',
    refuses: 'a value of another type than the field takes, or a field that must be there and is not',
    fix: 'write what the message expects: text in quotes where YAML would read a number, true or false',
  },
  'secret-plain': {
    group: 'objects',
    refuses: 'a Secret, or a generator of one, in plain text',
    fix: 'declare it in the app.yaml and run `./cpiab secrets render`, or encrypt it with `sops encrypt`',
  },
  'secret-sops': {
    group: 'objects',
    refuses: 'an encrypted Secret that the box could not decrypt',
    fix: 'encrypt it for a key of age, and give its Flux Kustomization `decryption: {provider: sops, secretRef: {name: sops-age}}`',
  },
  'secret-missing': {
    group: 'objects',
    refuses: 'an app without a Secret that its app.yaml asks for',
    fix: "run `./cpiab secrets render`, and name the folder that it writes in `components` of the app's Flux Kustomization",
  },
  'secret-env': {
    group: 'objects',
    refuses: 'a variable of a container, or a key of a ConfigMap, whose value is a secret',
    fix: 'put it into a Secret that SOPS encrypts, and name that with `valueFrom.secretKeyRef`',
    exception: true,
  },
  'nfs-path': {
    group: 'objects',
    refuses: 'a volume on an NFS server of a path that `synology/exports` does not have',
    fix: 'correct the path, or export it: on the NAS, and in `synology/exports`',
    exception: true,
  },
  'nfs-egress': {
    group: 'objects',
    refuses: 'a volume on an NFS server that the site does not let its boxes reach',
    fix: 'add `{ to: ADDRESS, protocol: tcp, port: 2049 }` to `network.egress` of the site, with the address of that one server',
  },
  'route-host': {
    group: 'objects',
    refuses:
      'a host of an Ingress that has no Secret for its certificate, that the box may not certify, or that has a variable nobody sets',
    fix: "name the host and Secret `tls` in `spec.tls`, with label `cpiab.dev/certificate: box`; take a host below the site's `network.domain`; set variables in `postBuild.substitute` of the Flux Kustomization",
    exception: true,
  },
  'resource-missing': {
    group: 'flux',
    refuses: 'a kustomization that names a file or folder that is not there',
    fix: 'commit the file, or delete its name',
  },
  'resource-outside': {
    group: 'flux',
    refuses: 'a path that leads out of the repository',
    fix: 'name something in the repository',
  },
  'remote-base': {
    group: 'flux',
    refuses: 'a base, a chart or a resource behind an address',
    fix: 'copy it into the repository: the box has no network for it',
  },
  'kustomize-feature': {
    group: 'flux',
    refuses: 'generators, transformers and functions that run programs or hide what is applied',
    fix: 'write out what they make',
  },
  'orphan-manifest': {
    group: 'flux',
    refuses: 'a manifest that nothing applies',
    fix: 'name it among the resources of the kustomization.yaml beside it, or delete it',
  },
  'flux-path': {
    group: 'flux',
    refuses: 'a Flux Kustomization whose path is not there, or a site without its folder',
    fix: "give `spec.path` a folder of the repository with manifests, and keep the site's own",
  },
  'flux-source': {
    group: 'flux',
    refuses: "a Flux Kustomization of another source than the box's own Git",
    fix: 'use `kind: ExternalArtifact`, `name: site`',
  },
  'flux-depends': {
    group: 'flux',
    refuses: 'a dependency on a Kustomization that is not there',
    fix: 'correct the name in `dependsOn`, or delete it',
  },
  'flux-cycle': {
    group: 'flux',
    refuses: 'Kustomizations that wait for each other',
    fix: 'take one of them out of `dependsOn`',
  },
  'flux-settings': {
    group: 'flux',
    refuses: 'a Kustomization that does not prune, does not wait, or has no timeout',
    fix: 'set `prune: true`, `wait: true` and `timeout`, so that its state can be known',
  },
  'internet-gate': {
    group: 'flux',
    refuses: 'a wait for an app of no use offline, by another or by the root',
    fix: 'give the Kustomization of the app that says `internet: optional` `wait: false`, and take it out of `dependsOn` of others: it would hold them back for ever',
  },
  'system-folder': {
    group: 'flux',
    refuses: "a folder of Flux's own controller that the box could not apply by itself",
    fix: 'keep it a plain list of files with a Namespace and the Deployment of kustomize-controller',
  },
} as const satisfies Record<string, Rule>;
