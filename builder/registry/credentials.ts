import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { readTextFile } from '../../host/input-file.ts';
import { parseJson } from '../config/parse-json.ts';
import { askHelper, type Credentials } from './credential-helper.ts';

const AuthFileSchema = z.looseObject({
  auths: z
    .record(z.string(), z.looseObject({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().optional(),
});
type AuthFile = z.infer<typeof AuthFileSchema>;

/** A helper's name becomes that of a program on PATH, so it leads nowhere else. */
const HELPER_NAME = /^[\w.-]+$/;

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
 * @throws CpiabError E1051 for a file that isn't one and what `readTextFile` and `parseJson` throw of it, E1053
 *   for what can be no login, E3036 when a helper fails.
 */
export async function findCredentials(
  host: string,
  files: string[],
  signal: AbortSignal,
): Promise<Credentials | null> {
  for (const path of files) {
    const file = await readAuthFile(path);
    if (file === null) continue;
    const found = await fromFile(file, path, host, signal);
    if (found !== null) return found;
  }
  return null;
}

async function readAuthFile(path: string): Promise<AuthFile | null> {
  const text = await readTextFile(path).catch((error: unknown) => {
    // Nobody has logged in yet.
    if (error instanceof CpiabError && (error.code === 'E1006' || error.code === 'E1031')) return null;
    throw error;
  });
  if (text === null) return null;
  const parsed = AuthFileSchema.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  throw new CpiabError('E1051', { subject: path });
}

async function fromFile(
  file: AuthFile,
  path: string,
  host: string,
  signal: AbortSignal,
): Promise<Credentials | null> {
  const bad = () => new CpiabError('E1053', { subject: path, args: [host] });
  const ask = async (name: string) => {
    if (!HELPER_NAME.test(name)) throw bad();
    return await askHelper(name, keys[0] ?? host, { signal });
  };
  const keys = keysOf(host);
  const helper = keys.map((key) => file.credHelpers[key]).find((name) => name !== undefined);
  if (helper !== undefined) return await ask(helper);
  const entry = keys.map((key) => file.auths[key]).find((found) => found !== undefined);
  if (entry?.identitytoken) return { identityToken: entry.identitytoken };
  if (entry?.auth) {
    const login = decode(entry.auth);
    if (login === null) throw bad();
    return login;
  }
  return file.credsStore === undefined ? null : await ask(file.credsStore);
}

/** Docker writes its own registry under the address that version 1 of the protocol had. */
function keysOf(host: string): string[] {
  if (host !== 'docker.io') return [host, `https://${host}`];
  return ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io'];
}

/** Source: the `auth` of containers-auth.json(5). */
function decode(auth: string): Credentials | null {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
