import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

const host = z.string().regex(/^[a-z0-9.-]+$/, 'expected a host name in lower case');

/** What Git says of the login: `config.yaml` of app `sso`. */
const ConfigSchema = z.strictObject({
  /** Where people log in; its origin is the issuer of OpenID Connect. */
  issuer: z.url({ protocol: /^https$/ }).transform((text) => new URL(text).origin),
  /** Hosts of routes that ask for a login. A request for any other is refused. */
  hosts: z.array(host).min(1),
  /** How long a login lasts, seconds. */
  sessionSeconds: z
    .int()
    .positive()
    .default(12 * 3600),
  /** How often it is asked whether user and login are still there, seconds. */
  recheckSeconds: z.int().positive().default(60),
});
export type Config = z.infer<typeof ConfigSchema>;

export async function readConfig(path: string): Promise<Config> {
  return ConfigSchema.parse(parse(await readFile(path, 'utf8')));
}
