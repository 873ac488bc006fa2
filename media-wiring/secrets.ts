import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plain, Settings } from './config.ts';
import { Problem } from './problem.ts';

/** The keys and passwords of a mounted Secret: a file each. */
export class Secrets {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  value(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new Problem(`the Secret has no key ${name}`, {
        todo: 'give it a value in the env file of the site, then `cpiab secrets render`',
      });
    }
    return value;
  }

  /** Settings with the values that they take from the Secret. */
  resolve(settings: Settings): Record<string, Plain> {
    return Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [
        key,
        isSecret(value) ? this.value(value.secret) : value,
      ]),
    );
  }

  /** What an app says, without any key or password in it. */
  hide(text: string): string {
    return [...this.#values.values()].reduce((rest, value) => rest.replaceAll(value, '(hidden)'), text);
  }
}

export const isSecret = (value: Settings[string] | undefined): value is { secret: string } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Read anew each time: the kubelet replaces the files when the Secret changes. */
export async function readSecrets(directory: string): Promise<Secrets> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // `..data` and its like are the kubelet's own.
  const keys = names.filter((name) => !name.startsWith('..'));
  const values = await Promise.all(
    keys.map(async (name) => [name, (await readFile(join(directory, name), 'utf8')).trim()] as const),
  );
  return new Secrets(new Map(values.filter(([, value]) => value !== '')));
}
