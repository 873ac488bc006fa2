/** Ingresses with this label get the Secrets that they name in `spec.tls`, with certificates of the box. */
export const routeLabel = { key: 'cpiab.dev/certificate', value: 'box' } as const;

/** Whether a host is a domain or lies in it. */
export const isBelow = (host: string, domain: string): boolean =>
  host === domain || host.endsWith(`.${domain}`);

/** Annotation by which Traefik puts something in front of an app, and what it names for a login (component `sso`). */
export const middlewares = {
  key: 'traefik.ingress.kubernetes.io/router.middlewares',
  login: 'sso@file',
} as const;

/** Keys of such a Secret. Source: Kubernetes, "TLS Secrets"; the third as cert-manager writes it. */
export const routeSecret = { certificate: 'tls.crt', key: 'tls.key', root: 'ca.crt' } as const;

/** The root that browsers are to trust, at the API. */
export const rootCertificatePath = '/v1/root.crt';
