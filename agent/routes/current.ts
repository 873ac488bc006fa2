import { createPrivateKey, X509Certificate } from 'node:crypto';
import { routeSecret } from '../../contract/route.ts';

/**
 * Whether a Secret has a certificate for just these hosts, of this root, by its own key, and half of its life is not
 * over. What cannot be read is none. @param data of the Secret. @param now milliseconds since the epoch.
 */
export function isCurrent(
  data: Record<string, string>,
  hosts: readonly string[],
  root: string,
  now: number,
): boolean {
  const text = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString('utf8');
  try {
    const certificate = new X509Certificate(text(routeSecret.certificate));
    const [begin, end] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
    return (
      text(routeSecret.root) === root &&
      certificate.subjectAltName === hosts.map((host) => `DNS:${host}`).join(', ') &&
      certificate.checkPrivateKey(createPrivateKey(text(routeSecret.key))) &&
      now >= begin &&
      now < (begin + end) / 2
    );
  } catch {
    return false;
  }
}
