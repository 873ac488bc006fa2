import { createPublicKey, sign, verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Credential } from './secrets.ts';

/** What somebody has agreed to, signed with the key of his certificate: a hand-over of writes, for a time. */
export const ApprovalSchema = z.strictObject({
  what: z.literal('cut-over'),
  /** The drill that it is for. */
  drill: z.string(),
  by: z.string(),
  approved: z.string(),
  expires: z.string(),
  /** PEM. */
  certificate: z.string(),
  /** ECDSA over all the above (FIPS 186-5), DER, base64. */
  signature: z.base64(),
});
export type Approval = z.infer<typeof ApprovalSchema>;

const signedText = ({ what, drill, by, approved, expires }: Omit<Approval, 'signature' | 'certificate'>) =>
  Buffer.from(['cpiab drill approval', what, drill, by, approved, expires, ''].join('\n'));

export function approve(
  drill: string,
  by: string,
  { cert, key }: Credential,
  time: { now: number; seconds: number },
): Approval {
  const [approved, expires] = [time.now, time.now + time.seconds * 1000].map((ms) =>
    new Date(ms).toISOString(),
  );
  const content = { what: 'cut-over', drill, by, approved: approved ?? '', expires: expires ?? '' } as const;
  const signature = sign('sha256', signedText(content), key).toString('base64');
  return { ...content, certificate: cert, signature };
}

/** @param authority PEM of the CA whose operators may decide. @returns why an approval is none, or null. */
export function whyNotApproved(
  approval: Approval,
  drill: string,
  authority: string,
  now: number,
): string | null {
  const certificate = new X509Certificate(approval.certificate);
  if (!certificate.verify(createPublicKey(authority))) return 'it was not given by an operator of bank B';
  if (
    !verify('sha256', signedText(approval), certificate.publicKey, Buffer.from(approval.signature, 'base64'))
  )
    return 'its signature is wrong';
  if (approval.drill !== drill) return `it is for drill ${approval.drill}`;
  if (Date.parse(approval.expires) <= now) return `it was good until ${approval.expires}`;
  return null;
}
