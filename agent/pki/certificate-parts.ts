import { elements, only, tags } from './der.ts';

/** Parts of a certificate of version 3 (RFC 5280 section 4.1), each DER. @throws RangeError for what is none. */
export function certificateParts(certificate: Buffer): { subject: Buffer; spki: Buffer } {
  const [signed] = elements(only(certificate, tags.sequence).content);
  const [version, , , , , subject, spki] = elements(signed?.content ?? Buffer.alloc(0));
  // Only version 1 has none, and then all that follows stands one place before.
  if (version?.tag !== tags.version || subject === undefined || spki === undefined)
    throw new RangeError('not a certificate');
  return { subject: subject.whole, spki: spki.whole };
}
