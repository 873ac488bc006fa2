import { z } from 'zod';
import { artifactKinds } from '../../contract/artifacts.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout, mediaTypes } from '../../contract/layout.ts';
import { type Digest, DigestSchema } from '../../contract/manifest.ts';
import { bundleView } from '../verify/blob.ts';
import type { Check, Subject } from './check.ts';

/** Every artifact is of a kind that is known, the index names the same as the manifest, and nothing else is there. */
export const manifestCheck: Check = {
  name: 'manifest',
  run: async (subject, found) => {
    const { manifest } = subject;
    const artifacts = await artifactContents(subject, found);
    // What one that can't be read names, nobody knows.
    if (artifacts !== null) {
      const named = new Set([...artifacts, ...(await bundleView(subject)).blobs.values()]);
      for (const { digest } of manifest.blobs.filter((blob) => !named.has(blob.digest)))
        found(new CpiabError('E2117', { subject: `${subject.medium.path}: ${digest}` }));
    }
    await compareIndex(subject, found);
    const count = (all: object) => Object.keys(all).length;
    return {
      says: `${count(manifest.images)} images, ${count(manifest.artifacts)} artifacts, ${manifest.blobs.length} blobs`,
      count: manifest.blobs.length,
    };
  },
};

/** Everything that the artifacts name; null when one of them can't be read. */
async function artifactContents(
  subject: Subject,
  found: (problem: CpiabError) => void,
): Promise<Digest[] | null> {
  const all: Digest[] = [];
  let complete = true;
  for (const name of expectedArtifacts(subject)) {
    try {
      all.push(...(await artifactContent(subject, name)));
    } catch (error) {
      if (!(error instanceof CpiabError)) throw error;
      complete = false;
      found(error);
    }
  }
  return complete ? all : null;
}

/** What the manifest names, and what every bundle has. */
function expectedArtifacts({ manifest }: Subject): string[] {
  const { links, downloads, repositories } = manifest;
  const optional: Record<string, object> = { os: links, files: downloads, 'git-sources': repositories };
  const needed = Object.keys(artifactKinds).filter((name) => Object.keys(optional[name] ?? [0]).length > 0);
  return [...new Set([...needed, ...Object.keys(manifest.artifacts)])];
}

async function artifactContent({ documents, manifest }: Subject, name: string): Promise<Digest[]> {
  const { config, layers } = await documents.artifact(name);
  const own = manifest.artifacts[name];
  return [...(own === undefined ? [] : [own]), config.digest, ...layers.map(({ digest }) => digest)];
}

/** Source: OCI Image Layout Specification 1.1, index.json. */
const IndexSchema = z.strictObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(mediaTypes.index),
  manifests: z.array(
    z.strictObject({
      mediaType: z.string(),
      digest: DigestSchema,
      size: z.int(),
      artifactType: z.string().optional(),
      annotations: z.looseObject({ 'org.opencontainers.image.ref.name': z.string() }),
    }),
  ),
});

/** Tools that read OCI layouts go by the index: it has to say what was signed. */
async function compareIndex({ medium, manifest }: Subject, found: (problem: CpiabError) => void) {
  const subject = `${medium.path}: ${bundleFiles.index}`;
  const bytes = await medium.read(`${layout.bundle}/${bundleFiles.index}`);
  const { manifests } = parseDocument(IndexSchema, bytes, subject, 'an OCI index');
  const listed = manifests.map(({ digest, annotations }): [string, Digest] => [
    annotations['org.opencontainers.image.ref.name'],
    digest,
  ]);
  const artifacts = Object.entries(manifest.artifacts).map(([name, digest]): [string, Digest] => [
    `cpiab.dev/artifact/${name}`,
    digest,
  ]);
  const { images, charts, signatures, referrers } = manifest;
  const served = { ...images, ...charts, ...signatures, ...referrers };
  const signed = new Map([...Object.entries(served), ...artifacts]);
  const wrong = [
    ...listed.filter(([name, digest]) => signed.get(name) !== digest).map(([name]) => name),
    ...[...signed.keys()].filter((name) => !listed.some(([other]) => other === name)),
  ];
  for (const name of new Set(wrong)) found(new CpiabError('E2116', { subject, args: [name] }));
}
