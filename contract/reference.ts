import type { Digest } from './manifest.ts';

/** A container image's name. Source: the grammar of github.com/distribution/reference. */
export interface ImageReference {
  /** Registry, such as `ghcr.io` or `127.0.0.1:5000`. */
  host: string;
  /** Path on it, such as `library/busybox`. */
  repository: string;
  tag?: string;
  digest?: Digest;
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const grammar = new RegExp(
  `^(?:(?<host>[A-Za-z0-9.-]+(?::\\d+)?|\\[[0-9a-fA-F:]+\\](?::\\d+)?)/)?(?<repository>${component}(?:/${component})*)` +
    '(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$',
);

/**
 * Reads a reference as Docker and containerd do: a name without a registry is of docker.io, one without a
 * path there is below `library`. No tag is added.
 * @returns null when it isn't one.
 */
export function parseReference(text: string): ImageReference | null {
  const { host, repository, tag, digest } = grammar.exec(withHost(text))?.groups ?? {};
  if (host === undefined || repository === undefined) return null;
  return {
    host: host === 'index.docker.io' ? 'docker.io' : host,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: digest as Digest }),
  };
}

/** A first part without dot, port or `localhost` is not a host but a part of the path. */
function withHost(text: string): string {
  const [first = '', ...rest] = text.split('/');
  if (rest.length === 0) return `docker.io/library/${text}`;
  return /[.:]/.test(first) || first === 'localhost' ? text : `docker.io/${text}`;
}

/** The tag beside an image under which its signatures are. Source: sigstore/cosign, SIGNATURE_SPEC, "Storage". */
export const signatureTag = (image: Digest) => `${image.replace(':', '-')}.sig`;

/** The tag under which is what refers to a manifest. Source: OCI Distribution Specification 1.1, "Referrers Tag Schema". */
export const referrersTag = (subject: Digest) => subject.replace(':', '-');

/** The whole name, with registry. */
export function formatReference({ host, repository, tag, digest }: ImageReference): string {
  return `${host}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
