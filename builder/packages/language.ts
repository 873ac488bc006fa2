import { z } from 'zod';
import { jsonOrNull } from '../../host/json.ts';
import type { FoundPackage } from './package.ts';

const PackageJsonSchema = z.looseObject({
  name: z.string().min(1),
  version: z.string().min(1),
  license: z.string().optional().catch(undefined),
});

/** `node_modules/<name>/package.json`. Source: npm's documentation, package.json. */
export function npmPackage(text: string): FoundPackage[] {
  const parsed = PackageJsonSchema.safeParse(jsonOrNull(text));
  if (!parsed.success) return [];
  const { name, version, license } = parsed.data;
  return [{ type: 'npm', name, version, licence: license ?? null }];
}

/** `*.dist-info/METADATA` or `*.egg-info/PKG-INFO`. Source: Python's core metadata specification. */
export function pythonPackage(text: string): FoundPackage[] {
  const head = text.split(/\n\n/, 1)[0] ?? '';
  const field = (name: string) =>
    new RegExp(`^${name}: *(?<value>.+)$`, 'm').exec(head)?.groups?.['value']?.trim();
  const [name, version] = [field('Name'), field('Version')];
  if (!name || !version) return [];
  const licence = field('License-Expression') ?? field('License') ?? null;
  // Package URLs have Python's names in lower case with hyphens. Source: purl specification, pypi.
  return [{ type: 'pypi', name: name.toLowerCase().replaceAll('_', '-'), version, licence }];
}
