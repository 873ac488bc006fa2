import { randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';

/** A login that a browser has begun and not ended. */
const AttemptSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** Where the person wanted to go: path and query of the host. */
  path: z.string(),
});
export type Attempt = z.infer<typeof AttemptSchema>;

/** For typing a password. */
export const ATTEMPT_SECONDS = 600;

const ALGORITHMS = { alg: 'dir', enc: 'A256GCM' } as const;

/** Attempts are kept by the browsers themselves, encrypted: anybody can begin as many as he likes. */
export class Attempts {
  readonly #key = randomBytes(32);

  async seal(attempt: Attempt, host: string): Promise<string> {
    return await new EncryptJWT(attempt)
      .setProtectedHeader(ALGORITHMS)
      .setAudience(host)
      .setExpirationTime(`${ATTEMPT_SECONDS}s`)
      .encrypt(this.#key);
  }

  /** @returns null for one that was not made here, is of another host, or too old. */
  async open(sealed: string | undefined, host: string): Promise<Attempt | null> {
    if (sealed === undefined) return null;
    const options = {
      audience: host,
      keyManagementAlgorithms: [ALGORITHMS.alg],
      contentEncryptionAlgorithms: [ALGORITHMS.enc],
    };
    const opened = await jwtDecrypt(sealed, this.#key, options).catch(() => null);
    return AttemptSchema.safeParse(opened?.payload).data ?? null;
  }
}
