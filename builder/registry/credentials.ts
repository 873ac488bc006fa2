import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { run } from '../../host/process.ts';

/** What a person has given for a registry: a name and password, or a token that stands for both. */
export type Credentials = { user: string; password: string } | { identityToken: string };

const AuthFileSchema = z.looseObject({
  auths: z
    .record(z.string(), z.looseObject({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().optional(),
});
type AuthFile = z.infer<typeof AuthFileSchema>;

/** Answer of `docker-credential-<name> get`. */
const HelperSchema = z.looseObject({ Username: z.string(), Secret: z.string() });
/** The name under which a helper gives an identity token. */
const TOKEN_USER = '<token>';
/** A helper may ask a keyring, which may ask a person. */
const HELPER_MS = 60_000;

/** Where Docker and Podman keep what `login` was told, in the order they are asked. Source: containers-auth.json(5). */
export function authFiles(env: NodeJS.ProcessEnv = process.env): string[] {
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(env['REGISTRY_AUTH_FILE'] ? [env['REGISTRY_AUTH_FILE']] : []),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json'),
  ];
}

/**
 * What is known for a registry, or null. Helpers go before what a file holds itself, as with Docker.
 * @throws CpiabError E1004 for a file that isn't one, E3012 when a helper fails.
 */
export async function findCredentials(
  host: string,
  files: string[],
  signal: AbortSignal,
): Promise<Credentials | null> {
  for (const path of files) {
    const file = await readAuthFile(path);
    if (file === null) continue;
    const found = await fromFile(file, host, signal);
    if (found !== null) return found;
  }
  return null;
}

async function readAuthFile(path: string): Promise<AuthFile | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw new CpiabError('E1006', { subject: path, cause: error });
  });
  if (text === null) return null;
  try {
    return AuthFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CpiabError('E1004', { subject: path, cause });
  }
}

async function fromFile(file: AuthFile, host: string, signal: AbortSignal): Promise<Credentials | null> {
  const keys = keysOf(host);
  const helper = keys.map((key) => file.credHelpers[key]).find((name) => name !== undefined);
  if (helper !== undefined) return await askHelper(helper, keys[0] ?? host, signal);
  const entry = keys.map((key) => file.auths[key]).find((found) => found !== undefined);
  if (entry?.identitytoken) return { identityToken: entry.identitytoken };
  if (entry?.auth) return decode(entry.auth);
  return file.credsStore === undefined ? null : await askHelper(file.credsStore, keys[0] ?? host, signal);
}

/** Docker writes its own registry under the address that version 1 of the protocol had. */
function keysOf(host: string): string[] {
  if (host !== 'docker.io') return [host, `https://${host}`];
  return ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io'];
}

function decode(auth: string): Credentials {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Source: the protocol of github.com/docker/docker-credential-helpers. */
async function askHelper(name: string, key: string, signal: AbortSignal): Promise<Credentials | null> {
  const program = `docker-credential-${name}`;
  try {
    const { stdout } = await run([program, 'get'], { input: key, timeoutMs: HELPER_MS, signal });
    const { Username, Secret } = HelperSchema.parse(JSON.parse(stdout));
    return Username === TOKEN_USER ? { identityToken: Secret } : { user: Username, password: Secret };
  } catch (cause) {
    signal.throwIfAborted();
    // What every helper says on standard output when it has nothing for the key.
    if (/credentials not found/.test(String((cause as { stdout?: unknown }).stdout))) return null;
    throw new CpiabError('E3012', { subject: key, args: [`${program} failed`], cause });
  }
}
