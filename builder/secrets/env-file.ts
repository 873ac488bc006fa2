import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { nearest } from '../../contract/document/nearest.ts';
import { CpiabError, combined } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import { readPrivateFile } from '../../host/private-file.ts';
import type { DeclaredSecret } from './declared.ts';

/** Variable → value. */
export type Values = ReadonlyMap<string, string>;

/** Reads a site's env file. @throws CpiabError E1006 when it isn't there, E1420 when others may read it. */
export async function readEnvFile(repository: string, site: string): Promise<Values> {
  const shown = siteSecrets.envFile(site);
  const found = parseEnv(await readPrivateFile(join(repository, shown), shown));
  return new Map(Object.entries(found).map(([name, value]) => [name, value ?? '']));
}

/** @throws CpiabError E1421 for each value that is missing or empty, E1422 for each that nobody asks for. */
export function requireValues(site: string, values: Values, declared: readonly DeclaredSecret[]): void {
  const subject = siteSecrets.envFile(site);
  const wanted = new Map(
    declared.flatMap(({ app, keys }) => Object.values(keys).map((variable) => [variable, app] as const)),
  );
  const missing = declared
    .filter((secret) => !isLeftOut(secret, values))
    .flatMap(({ app, keys }) => Object.values(keys).map((variable) => [variable, app] as const))
    .filter(([variable]) => !isSet(values, variable))
    .map(([variable, app]) => new CpiabError('E1421', { subject, args: [variable, app] }));
  const unknown = [...values.keys()]
    .filter((variable) => !wanted.has(variable))
    .map((variable) => {
      const near = nearest(variable, [...wanted.keys()]) ?? '';
      return new CpiabError('E1422', { subject, args: [variable, near] });
    });
  const [first, ...others] = [...missing, ...unknown];
  if (first !== undefined) throw combined([first, ...others]);
}

/** Whether a site does without a Secret that its app can do without. */
export function isLeftOut({ optional, keys }: DeclaredSecret, values: Values): boolean {
  return optional && !Object.values(keys).some((variable) => isSet(values, variable));
}

const isSet = (values: Values, variable: string) => (values.get(variable) ?? '') !== '';
