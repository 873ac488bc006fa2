import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';

/** What one build used and made. */
export interface ProvenanceInput {
  site: string;
  revision: string;
  lock: Lock;
  lockDigest: Digest;
  /** Artifact or image name → digest. */
  subjects: Record<string, Digest>;
}

/**
 * An in-toto statement with SLSA provenance. No clock, host or invocation identifier in it, so that
 * it is the same for the same inputs.
 * Source: in-toto Statement v1; SLSA Provenance v1.
 */
export function provenanceStatement(input: ProvenanceInput): object {
  const { lock, site, revision } = input;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: Object.entries(input.subjects).map(([name, digest]) => ({ name, digest: sha256(digest) })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://cpiab.dev/build/v1',
        externalParameters: { site, revision },
        internalParameters: { epoch: lock.epoch },
        resolvedDependencies: [
          { uri: `git+cpiab:${site}`, digest: { gitCommit: revision.replace(/-dirty$/, '') } },
          { name: `config/clusters/${site}.lock.json`, digest: sha256(input.lockDigest) },
          ...lock.debian.packages.map((deb) => ({
            uri: `pkg:deb/debian/${deb.name}@${encodeURIComponent(deb.version)}?arch=${deb.arch}`,
            digest: { sha256: deb.sha256 },
          })),
          ...lock.go.map((program) => ({
            uri: `pkg:golang/${program.module}@${program.version}`,
            annotations: { goSumSha256: program.sumDigest },
          })),
          {
            uri: `pkg:npm/${lock.node.package}@${lock.node.version}`,
            annotations: { integrity: lock.node.integrity },
          },
        ],
      },
      runDetails: { builder: { id: 'https://cpiab.dev/builder/v1' } },
    },
  };
}

const sha256 = (digest: Digest) => ({ sha256: digest.slice('sha256:'.length) });
