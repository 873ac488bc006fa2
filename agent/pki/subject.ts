import { elements, encode, only, tags } from './der.ts';

/** id-at-organizationName and id-at-commonName (RFC 5280 appendix A.1), DER. */
const organization = Buffer.from('060355040a', 'hex');
const commonName = Buffer.from('0603550403', 'hex');

/**
 * The subject by which the cluster knows kubelet of a node, as DER: Go writes the organization first, each as a
 * PrintableString. Source: Kubernetes, "Using Node authorization"; Go, crypto/x509/pkix.
 */
export function kubeletSubject(node: string): Buffer {
  const part = (type: Buffer, value: string) =>
    encode(tags.set, encode(tags.sequence, type, encode(tags.printableString, Buffer.from(value))));
  return encode(tags.sequence, part(organization, 'system:nodes'), part(commonName, `system:node:${node}`));
}

/** The words of a subject, for people: whoever asks may have written anything. */
export function subjectText(der: Buffer): string {
  try {
    const sets = elements(only(der, tags.sequence).content);
    const parts = sets.flatMap(({ content }) => elements(content));
    const words = parts.map(({ content }) => elements(content)[1]?.content.toString('utf8') ?? '');
    return words.length === 0 ? 'an empty one' : words.join(', ');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'what is no name';
  }
}
