import { z } from 'zod';
import { type ArtifactKind, type ArtifactName, artifactKinds } from '../../contract/artifacts.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import { mediaTypes } from '../../contract/layout.ts';
import { type Lock, LockSchema } from '../../contract/lock.ts';
import { type Digest, DigestSchema } from '../../contract/manifest.ts';
import { predicateType, type Statement, StatementSchema } from '../../contract/provenance.ts';
import { type SpdxDocument, SpdxDocumentSchema } from '../../contract/spdx.ts';
import { readBlob } from '../verify/blob.ts';
import type { OpenBundle } from '../verify/medium.ts';

const DescriptorSchema = z.strictObject({
  mediaType: z.string(),
  digest: DigestSchema,
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** Source: OCI Image Specification 1.1, manifest.md, guidelines for artifact usage. */
const ArtifactSchema = z.strictObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(mediaTypes.manifest),
  artifactType: z.string(),
  config: DescriptorSchema,
  layers: z.array(DescriptorSchema).min(1),
});
export type Artifact = z.infer<typeof ArtifactSchema>;

/** What tells of any statement whether it can be read at all. */
const PredicateSchema = z.looseObject({ predicateType: z.string() });

/** A document with the digest of its bytes. */
export interface Read<Document> {
  document: Document;
  digest: Digest;
}

/** What a bundle says of itself. Whoever asks, and when, gets the same document or the same error. */
export interface Documents {
  /** @throws CpiabError E2113 for one that nobody here knows, E2114, E2115 when the bundle has none. */
  artifact(name: string): Promise<Artifact>;
  /** @throws CpiabError E2120 when it isn't the one that the manifest names. */
  lock(): Promise<Read<Lock>>;
  sbom(): Promise<Read<SpdxDocument>>;
  provenance(): Promise<Read<Statement>>;
}

export function documentsOf(bundle: OpenBundle): Documents {
  const artifact = once((name: string) => readArtifact(bundle, name));
  const read = once(async (name: ArtifactName) => {
    const [layer] = (await artifact(name)).layers;
    if (layer === undefined) throw new CpiabError('E2115', { subject: bundle.medium.path, args: [name] });
    return { bytes: await readBlob(bundle, layer.digest), digest: layer.digest };
  });
  const document = async <Schema extends z.ZodType>(name: ArtifactName, schema: Schema, what: string) => {
    const { bytes, digest } = await read(name);
    return { document: parseDocument(schema, bytes, `${bundle.medium.path}: ${name}`, what), digest };
  };
  return {
    artifact,
    lock: async () => {
      const found = await read('lock');
      const named = bundle.manifest.lock;
      if (found.digest !== named)
        throw new CpiabError('E2120', {
          subject: `${bundle.medium.path}: lock`,
          args: [found.digest, named],
        });
      return await document('lock', LockSchema, 'a lock');
    },
    sbom: () => document('sbom', SpdxDocumentSchema, 'an SPDX 2.3 document'),
    provenance: async () => {
      const what = 'an in-toto statement with SLSA provenance v1';
      const { predicateType: type } = (await document('provenance', PredicateSchema, what)).document;
      if (type === predicateType) return await document('provenance', StatementSchema, what);
      const subject = `${bundle.medium.path}: provenance`;
      throw new CpiabError('E2113', { subject, args: [`a statement of type ${type}`] });
    },
  };
}

async function readArtifact(bundle: OpenBundle, name: string): Promise<Artifact> {
  const subject = `${bundle.medium.path}: ${name}`;
  const kind: ArtifactKind | undefined = Object.entries(artifactKinds).find(([known]) => known === name)?.[1];
  if (kind === undefined) throw new CpiabError('E2113', { subject, args: ['an artifact'] });
  const digest = bundle.manifest.artifacts[name];
  if (digest === undefined)
    throw new CpiabError('E2115', { subject: bundle.medium.path, args: [`artifact ${name}`] });
  const artifact = parseDocument(ArtifactSchema, await readBlob(bundle, digest), subject, 'an OCI artifact');
  if (artifact.artifactType !== kind.artifactType)
    throw new CpiabError('E2113', { subject, args: [`an artifact of type ${artifact.artifactType}`] });
  const unknown = artifact.layers.find(({ mediaType }) => kind.layers[mediaType] === undefined);
  if (unknown !== undefined)
    throw new CpiabError('E2113', { subject, args: [`content of type ${unknown.mediaType}`] });
  return artifact;
}

/** On a tarball each read is a scan of it. */
function once<Argument, Result>(work: (argument: Argument) => Promise<Result>) {
  const known = new Map<Argument, Promise<Result>>();
  return (argument: Argument): Promise<Result> => {
    const result = known.get(argument) ?? work(argument);
    known.set(argument, result);
    return result;
  };
}
