import { CpiabError } from '../../contract/errors.ts';
import { Retryable } from './retry.ts';

/** What a connection that failed means: a certificate that isn't trusted stays so, the rest may pass. */
export function connectionError(cause: unknown, url: URL): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (isUntrusted(cause)) return new CpiabError('E3018', { subject: url.host, args: [message], cause });
  return new Retryable(`${url.host}: ${message}`, { cause });
}

/** Codes by which Node says that a certificate is not what it should be. */
function isUntrusted(cause: unknown): boolean {
  const code = String((cause as NodeJS.ErrnoException).code);
  return /CERT|^UNABLE_TO_|^ERR_TLS_/.test(code);
}
