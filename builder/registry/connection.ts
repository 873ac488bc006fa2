import { CpiabError } from '../../contract/errors.ts';
import { messageOf } from '../../contract/message-of.ts';
import { Retryable } from '../download/retry.ts';
import { isUntrusted } from '../download/trust.ts';

/** What a connection that failed means: what is wrong with a certificate stays so, the rest may pass. */
export function connectionError(cause: unknown, url: URL): Error {
  const message = messageOf(cause);
  const code = String((cause as NodeJS.ErrnoException).code);
  const subject = url.host;
  // Codes of Node's TLS: those of OpenSSL's X509_V_ERR_…, and its own.
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return new CpiabError('E3063', {
      subject,
      args: [message, new Date().toISOString().slice(0, 10)],
      cause,
    });
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new CpiabError('E3064', { subject, args: [namesIn(cause)], cause });
  if (isUntrusted(cause)) return new CpiabError('E3018', { subject, args: [message], cause });
  if (/^ERR_SSL_/.test(code) || code === 'EPROTO') return new CpiabError('E3065', { subject, cause });
  return new Retryable(`${url.host}: ${message}`, { cause });
}

/** Such as `DNS:example.org, IP Address:192.0.2.1`. Node's error has the certificate. */
function namesIn(cause: unknown): string {
  const { cert } = cause as { cert?: { subjectaltname?: string } };
  return cert?.subjectaltname ?? 'it has no names';
}
