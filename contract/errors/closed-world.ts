/** Git can reach what the bundle doesn't have, or nobody knows whether it can. Exit status 3: nothing was built. */
export const closedWorldErrors = {
  E2201: {
    exit: 3,
    says: (image: string, way: string) => `needs image ${image}, which the bundle lacks; reached by ${way}`,
    hint: (image: string) =>
      `name ${image} or its recipe in a bundle set of the site and run \`./cpiab lock\`, or use an image that is there`,
  },
  E2202: {
    exit: 3,
    says: () => 'in the bundle, but neither Git nor the engine uses it',
    hint: 'take it out of its bundle set: what nobody uses nobody checks',
  },
  E2203: {
    exit: 3,
    says: (image: string, way: string) => `image ${image} has no fixed version; reached by ${way}`,
    hint: 'give it a tag other than latest: what it means must not depend on the day',
  },
  E2204: {
    exit: 3,
    says: (kind: string, way: string) =>
      `nobody has said whether a ${kind} can name images; reached by ${way}`,
    hint: 'add the kind to policy/closed/kinds.ts, with how to find its images or that it has none',
  },
  E2205: {
    exit: 3,
    says: (address: string, way: string) => `${address} is outside of the box; reached by ${way}`,
    hint: 'serve it in the box, or say `internet: optional` in the app.yaml of what works without it',
  },
  E2206: {
    exit: 3,
    says: (base: string) => `takes a base from elsewhere: ${base}`,
    hint: 'copy it into the repository: a build has no network for it, and a box neither',
  },
  E2207: {
    exit: 3,
    says: () => 'a manifest that nothing applies',
    hint: 'name it among the resources of the kustomization.yaml beside it, or delete it',
  },
  E2208: {
    exit: 3,
    says: (source: string, way: string) => `Flux would take it from ${source}; reached by ${way}`,
    hint: "use the site's own ExternalArtifact `site`: it is the repository that the box serves",
  },
  E2209: {
    exit: 3,
    says: (app: string) => `the site's bundle sets and its Git disagree about ${app}`,
    hint: 'name the app in the bundle set and give it a Flux Kustomization, or do neither',
  },
  E2210: {
    exit: 3,
    says: (error: string) => `kustomize cannot build it: ${error}`,
    hint: (_error: string) => '`kustomize build` of that folder shows the same',
  },
  E2211: {
    exit: 3,
    says: (program: string) => `the box runs ${program}, but no bundle set of the site has it`,
    hint: (program: string) => `name ${program} among the programs of a bundle set`,
  },
  E2220: {
    exit: 3,
    says: (chart: string, repository: string) =>
      `is made with chart ${chart} of ${repository}, which is not in its charts/`,
    hint: 'take a version that is published with its dependencies, or publish one after `helm dependency update`',
  },
  E2221: {
    exit: 3,
    says: (chart: string, way: string) => `needs chart ${chart}, which the bundle lacks; reached by ${way}`,
    hint: (chart: string) =>
      `name ${chart}, with its exact version, among the charts of a bundle set and run \`./cpiab lock\``,
  },
  E2222: {
    exit: 3,
    says: (repository: string, way: string) =>
      `needs Git repository ${repository}, which the bundle lacks; reached by ${way}`,
    hint: (repository: string) =>
      `name ${repository} among the git sources of a bundle set and run \`./cpiab lock\``,
  },
  E2230: {
    exit: 3,
    says: (rule: string, what: string, _fix: string) => `${rule}: ${what}`,
    hint: (_rule: string, _what: string, fix: string) => fix,
  },
} as const;
