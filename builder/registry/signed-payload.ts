import { constants, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import type { Digest } from '../../contract/manifest.ts';
import { jsonOrNull } from '../../host/json.ts';
import type { SignatureKey } from './signature-keys.ts';

/**
 * What a signature is over. The reference in it is ignored, as the specification has it: mirrors rename images,
 * and the digest says which image it is. Source: sigstore/cosign, SIGNATURE_SPEC, "Simple Signing".
 */
const PayloadSchema = z.looseObject({
  critical: z.looseObject({
    identity: z.looseObject({ 'docker-reference': z.string() }),
    image: z.looseObject({ 'docker-manifest-digest': z.string() }),
    type: z.literal('cosign container image signature'),
  }),
});

/** A payload with its signature, base64. */
export interface SignedPayload {
  payload: Buffer;
  signature: string;
}

export type Judgement =
  | { kind: 'good' }
  /** None of the keys made it. */
  | { kind: 'foreign' }
  /** By a key, but not for this image, or no signature of an image at all: `digest` is null then. */
  | { kind: 'other'; key: string; digest: string | null };

/** Whether one of the keys says that this is the image. The payload is parsed only once its signature is good. */
export function judge(
  { payload, signature }: SignedPayload,
  image: Digest,
  keys: readonly SignatureKey[],
): Judgement {
  const bytes = Buffer.from(signature, 'base64');
  const by = keys.find(({ key }) => isSignedBy(key, payload, bytes));
  if (by === undefined) return { kind: 'foreign' };
  const parsed = PayloadSchema.safeParse(jsonOrNull(payload));
  if (!parsed.success) return { kind: 'other', key: by.path, digest: null };
  const digest = parsed.data.critical.image['docker-manifest-digest'];
  return digest === image ? { kind: 'good' } : { kind: 'other', key: by.path, digest };
}

/** ECDSA with SHA-256 in DER, Ed25519, or RSA PKCS #1 v1.5 with SHA-256, as the key is. */
function isSignedBy(key: KeyObject, payload: Buffer, signature: Buffer): boolean {
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(
    hash,
    payload,
    {
      key,
      dsaEncoding: 'der',
      ...(key.asymmetricKeyType === 'rsa' && { padding: constants.RSA_PKCS1_PADDING }),
    },
    signature,
  );
}
