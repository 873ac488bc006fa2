import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { keysDirectory } from '../../builder/bundle/keys.ts';
import { CpiabError } from '../../contract/errors.ts';
import { fileError } from '../../host/input-file.ts';
import { askPinned, PinMismatch, type PinnedRequest } from '../../host/pinned-https.ts';
import type { BoxAddress } from './client.ts';

/** A box that is asked as its site's operator. */
export interface OperatedBox extends BoxAddress {
  credential: { cert: string; key: string };
}

/** Takes the credential that this machine has for a site. @throws CpiabError E1006 when it has none. */
export async function asOperator(address: BoxAddress, site: string): Promise<OperatedBox> {
  const read = async (name: string) => {
    const path = join(keysDirectory(site), name);
    return await readFile(path, 'utf8').catch((cause: unknown) => {
      throw fileError(cause, path);
    });
  };
  return { ...address, credential: { cert: await read('operator.crt'), key: await read('operator.key') } };
}

/** An error as a box tells it. */
const RefusalSchema = z.object({
  code: z.string(),
  subject: z.string(),
  message: z.string(),
  hint: z.string(),
});

/**
 * Asks something of a box that only its operator may.
 * @throws CpiabError E5308 with the box's own error, E5004 without an answer, E5005 another key.
 */
export async function askBox<T>(
  { url, fingerprint, credential }: OperatedBox,
  path: string,
  request: Omit<PinnedRequest, 'identity'>,
  schema: z.ZodType<T>,
): Promise<T> {
  const pin = { of: 'key', sha256: fingerprint } as const;
  const answer = await askPinned(new URL(path, url), pin, { ...request, identity: credential }).catch(
    (cause: unknown) => {
      request.signal?.throwIfAborted();
      if (cause instanceof PinMismatch)
        throw new CpiabError('E5005', { subject: url.href, args: [cause.found, fingerprint], cause });
      throw new CpiabError('E5004', { subject: url.href, args: [(cause as Error).message], cause });
    },
  );
  const text = answer.body.toString('utf8');
  if (answer.status < 300) return schema.parse(JSON.parse(text));
  if (answer.status !== 422)
    throw new CpiabError('E5004', { subject: url.href, args: [`status ${answer.status}: ${text.trim()}`] });
  const { code, subject, message, hint } = RefusalSchema.parse(JSON.parse(text));
  throw new CpiabError('E5308', { subject: url.href, args: [`${code} ${subject}: ${message}`, hint] });
}
