import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../../contract/manifest.ts';
import { run } from '../../../host/process.ts';
import type { RegistryStorage } from './images.ts';

/** Source: sigstore/cosign, SIGNATURE_SPEC. */
const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json';
const ANNOTATION = 'dev.cosignproject.cosign/signature';

/** What cosign signs for an image. */
export function payloadFor(digest: string, type = 'cosign container image signature'): Buffer {
  const identity = { 'docker-reference': 'registry.example.org/team/app' };
  const image = { 'docker-manifest-digest': digest };
  return Buffer.from(JSON.stringify({ critical: { identity, image, type }, optional: null }));
}

/** One signature of an image; `signature` is base64. */
export interface Signed {
  payload: Buffer;
  signature: string;
}

/** An ECDSA P-256 key pair in a directory, made by OpenSSL: NAME.pem and NAME.pub. */
export async function opensslKey(directory: string, name: string): Promise<void> {
  const secret = join(directory, `${name}.pem`);
  await run([
    ...['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-out', secret],
  ]);
  await run(['openssl', 'pkey', '-in', secret, '-pubout', '-out', join(directory, `${name}.pub`)]);
}

/** Signs a payload with a key of `opensslKey`, as another program than ours does it. */
export async function opensslSign(directory: string, name: string, payload: Buffer): Promise<Signed> {
  const path = join(directory, 'payload');
  await writeFile(path, payload);
  const out = join(directory, 'payload.signature');
  await run(['openssl', 'dgst', '-sha256', '-sign', join(directory, `${name}.pem`), '-out', out, path]);
  const { stdout } = await run(['openssl', 'base64', '-A', '-in', out]);
  return { payload, signature: stdout.trim() };
}

/** Stores signatures beside an image, as `cosign sign` does. @returns digest of their manifest. */
export async function putSignatures(
  storage: RegistryStorage,
  repository: string,
  digest: Digest,
  signed: Signed[],
  { mediaType = PAYLOAD }: { mediaType?: string } = {},
): Promise<Digest> {
  return await storage.putArtifact(`${repository}:sha256-${digest.slice('sha256:'.length)}.sig`, {
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: Buffer.from('{"os":""}') },
    layers: signed.map(({ payload, signature }) => ({
      mediaType,
      bytes: payload,
      annotations: { [ANNOTATION]: signature, 'dev.sigstore.cosign/bundle': '{"not":"looked at"}' },
    })),
  });
}
