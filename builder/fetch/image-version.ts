import { CpiabError } from '../../contract/errors.ts';
import type { ImageRecipe, VersionSource } from '../../contract/image.ts';

/** Versions of the parts that images are named after; null when the lock has no such part. */
export interface PartVersions {
  /** Version of a Go module that a program names, such as `v1.36.3`. */
  module(program: string, module: string): string | null;
  /** Full version of a Debian package, such as `1:1.37.0-6+b9`. */
  debian(name: string): string | null;
  /** Version of an npm package, such as `9.13.3`. */
  npm(name: string): string | null;
}

/**
 * Refuses a recipe whose tags don't say what is inside: an image carries a version only when it *is*
 * that program at that version. A leading `v` and an image revision (`-0`) don't count.
 * @throws CpiabError E3007 with the reference and the version that the lock has.
 */
export function checkVersions(recipe: ImageRecipe, versions: PartVersions): void {
  for (const { reference, version } of recipe.images) {
    const found = partVersion(version, versions);
    if (found !== versionOfTag(reference)) {
      throw new CpiabError('E3007', { subject: reference, args: [found ?? 'no such part'] });
    }
  }
}

function partVersion(source: VersionSource, versions: PartVersions): string | null {
  if ('npm' in source) return versions.npm(source.npm);
  if ('debian' in source) return upstreamVersion(versions.debian(source.debian));
  return versions.module(source.program, source.module)?.replace(/^v/, '') ?? null;
}

/** The part of a Debian version that upstream chose: without epoch, revision and repacking suffix. Source: deb-version(7). */
export function upstreamVersion(version: string | null): string | null {
  if (version === null) return null;
  return version
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace(/[~+.](ds|dfsg|repack)[\d.]*$/, '');
}

function versionOfTag(reference: string): string {
  return reference
    .slice(reference.lastIndexOf(':') + 1)
    .replace(/^v/, '')
    .replace(/-\d+$/, '');
}
