import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { type OperatorRole, roleOfUri } from '../../contract/operator.ts';

/** A person or program that holds a certificate of the site's operator CA. */
export interface Operator {
  /** The certificate's common name. */
  name: string;
  /** SHA-256 of the certificate. */
  fingerprint: string;
  role: OperatorRole;
}

/** Extended key usage clientAuth (RFC 5280 section 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** Who sent a request, or null when the connection has no client certificate that the operator CA signed. */
export function operatorOf(incoming: IncomingMessage): Operator | null {
  const { socket } = incoming;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const certificate = socket.getPeerCertificate();
  // An empty object stands for no certificate.
  if (certificate.fingerprint256 === undefined) return null;
  if (certificate.ext_key_usage?.includes(CLIENT_AUTH) !== true) return null;
  const { CN } = certificate.subject;
  const name = Array.isArray(CN) ? CN[0] : CN;
  return {
    name: name?.replace(/[^\w.@-]/g, '_') ?? 'operator',
    fingerprint: certificate.fingerprint256,
    role: roleOf(certificate.subjectaltname),
  };
}

/** A site's first credential names no role: it is the administrator's. @param names as Node tells them, such as `URI:…`. */
function roleOf(names: string | undefined): OperatorRole {
  if (names === undefined) return 'admin';
  return roleOfUri(names.replace(/^URI:/, '')) ?? 'viewer';
}
