import type { Lock } from '../../contract/lock.ts';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import {
  builderId,
  buildType,
  predicateType,
  type Resource,
  type Statement,
  statementType,
} from '../../contract/provenance.ts';
import { debianPurl } from './debian.ts';
import { publishedMaterials } from './published.ts';

/** What one build used and made. */
export interface ProvenanceInput {
  site: string;
  revision: string;
  lock: Lock;
  lockDigest: Digest;
  /** Image or artifact name → digest. */
  subjects: Record<string, Digest>;
}

/**
 * An in-toto statement with SLSA provenance. No clock, host or invocation identifier in it, so that
 * it is the same for the same inputs.
 * Source: in-toto Statement v1; SLSA Provenance v1.
 */
export function provenanceStatement(input: ProvenanceInput): Statement {
  const { lock, site, revision } = input;
  return {
    _type: statementType,
    subject: Object.entries(input.subjects).map(([name, digest]) => ({ name, digest: sha256(digest) })),
    predicateType,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: { site, revision },
        internalParameters: { epoch: lock.epoch },
        resolvedDependencies: materials(input),
      },
      runDetails: { builder: { id: builderId } },
    },
  };
}

/** Everything that decided the bytes: the commit, the lock, and each part that the lock pins. */
function materials({ site, revision, lock, lockDigest }: ProvenanceInput): Resource[] {
  return [
    { uri: `git+cpiab:${site}`, digest: { gitCommit: revision.replace(/-dirty$/, '') } },
    { name: `config/clusters/${site}.lock.json`, digest: sha256(lockDigest) },
    ...lock.debian.packages.map((deb) => ({
      uri: debianPurl(deb),
      digest: { sha256: deb.sha256 },
    })),
    ...lock.go.map((program) => ({
      uri: `pkg:golang/${program.module}@${program.version}`,
      annotations: { program: program.name, goSumSha256: program.sumDigest },
    })),
    {
      uri: `pkg:npm/${lock.node.package}@${lock.node.version}`,
      digest: { sha512: fromIntegrity(lock.node.integrity) },
    },
    ...publishedMaterials(lock),
  ];
}

const sha256 = (digest: Digest) => ({ sha256: hexOf(digest) });

/** Source: W3C Subresource Integrity, as npm writes it: `sha512-` and base64. */
const fromIntegrity = (integrity: string) =>
  Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
