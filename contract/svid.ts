import { z } from 'zod';

const document = <const Kind extends string>(kind: Kind) => ({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal(kind),
});

/** Where a workload asks, with a token of its service account: `authorization: Bearer …`. */
export const svidPath = '/v1/svid';

/**
 * What such a token must be for. The API server takes none of these, and what it takes does not count here. It is the
 * same for every box, as Git names it; the cluster's own key tells one box's tokens from another's.
 */
export const svidAudience = 'cpiab.dev/svid';

/** Namespaces with this label are told where the box is, in a ConfigMap. */
export const svidLabel = { key: 'cpiab.dev/svid', value: 'enabled' } as const;
export const svidConfigMap = { name: 'cpiab-box', address: 'address', certificate: 'box.crt' } as const;

/** A workload by its service account, below the trust domain. Source: SPIFFE ID section 2.2. */
export const workloadPath = (namespace: string, account: string) => `ns/${namespace}/sa/${account}`;

/** Bytes of a request; its certification request has some 200. */
export const largestSvidRequest = 8192;

/** `POST /v1/svid`. Who it is for stands in the token alone. */
export const SvidRequestSchema = z.strictObject({
  ...document('SvidRequest'),
  /** PKCS #10 without a name, DER, base64. */
  csr: z.base64().max(4096),
});

/** The answer: an X.509-SVID and what it is checked with. */
export const SvidSchema = z.strictObject({
  ...document('Svid'),
  /** SPIFFE ID. */
  id: z.string(),
  /** PEM: the workload's, the issuing authority's, and the root. */
  certificate: z.string(),
  chain: z.string(),
  root: z.string(),
  /** End of the certificate, and the box's clock, RFC 3339. */
  expires: z.string(),
  now: z.string(),
});
export type Svid = z.infer<typeof SvidSchema>;
