import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { jsonOrNull } from '../../host/json.ts';
import { ProcessError, run } from '../../host/process.ts';

/** What a person has given for a registry: a name and password, or a token that stands for both. */
export type Credentials = { user: string; password: string } | { identityToken: string };

/** Answer of `docker-credential-<name> get`. */
const HelperSchema = z.looseObject({ Username: z.string(), Secret: z.string() });
/** The name under which a helper gives an identity token. */
const TOKEN_USER = '<token>';
/** A helper may ask a keyring, which may ask a person. */
export const HELPER_MS = 60_000;
/** An answer is a name and a token. */
const LARGEST_ANSWER = 1 << 20;

/**
 * Asks the program `docker-credential-<name>` for what it keeps under a key.
 * Source: the protocol of github.com/docker/docker-credential-helpers.
 * @returns null when it has nothing.
 * @throws CpiabError E3036. What the program printed is not in it: it may be a password.
 */
export async function askHelper(
  name: string,
  key: string,
  { signal, timeoutMs = HELPER_MS }: { signal: AbortSignal; timeoutMs?: number },
): Promise<Credentials | null> {
  const program = `docker-credential-${name}`;
  const fail = (why: string) =>
    new CpiabError('E3036', { subject: program, args: [why, `printf %s ${key} | ${program} get`] });
  const options = { input: key, timeoutMs, signal, maxOutput: LARGEST_ANSWER };
  const result = await run([program, 'get'], options).catch((error: unknown) => {
    if (!(error instanceof ProcessError)) throw error;
    // What every helper says on standard output when it has nothing for the key.
    if (/credentials not found/.test(error.stdout)) return null;
    throw fail(endings[error.failure]);
  });
  if (result === null) return null;
  const parsed = HelperSchema.safeParse(jsonOrNull(result.stdout));
  if (!parsed.success) throw fail('its answer is not a login');
  const { Username, Secret } = parsed.data;
  return Username === TOKEN_USER ? { identityToken: Secret } : { user: Username, password: Secret };
}

/** How a program that gave nothing ended, in words that hold nothing of its output. */
const endings: Record<ProcessError['failure'], string> = {
  exit: 'it failed',
  output: 'its answer has no end',
  signal: 'it was ended by a signal',
  spawn: 'it cannot be started',
  timeout: 'it does not answer',
};
