import { CpiabError } from '../../contract/errors.ts';
import { isUntrusted } from '../download/trust.ts';
import { Retryable } from './retry.ts';

/** What a connection that failed means: a certificate that isn't trusted stays so, the rest may pass. */
export function connectionError(cause: unknown, url: URL): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (isUntrusted(cause)) return new CpiabError('E3018', { subject: url.host, args: [message], cause });
  return new Retryable(`${url.host}: ${message}`, { cause });
}
