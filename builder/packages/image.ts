import type { Component } from '../bundle/sbom.ts';
import { declaredLicence } from '../licences/licence.ts';
import type { FoundPackage } from './package.ts';
import type { LayerPackages } from './scan.ts';

/** What is installed in an image: of each file, what the topmost layer says that has it. */
export function imagePackages(layers: readonly LayerPackages[]): {
  packages: FoundPackage[];
  system: LayerPackages['system'];
} {
  const files = new Map<string, FoundPackage[]>();
  for (const layer of layers) {
    for (const path of [...files.keys()])
      if (layer.hidden.some((hidden) => hides(hidden, path))) files.delete(path);
    for (const [path, packages] of Object.entries(layer.files)) files.set(path, packages);
  }
  const system = layers.findLast((layer) => layer.system !== null)?.system ?? null;
  return { packages: [...files.values()].flat(), system };
}

/** A whiteout hides a file, or a directory with all below it. */
function hides(hidden: string, path: string): boolean {
  return path === hidden || path.startsWith(hidden.endsWith('/') ? hidden : `${hidden}/`);
}

/** Components of a bill of materials, each once, with the images that have it. */
export function imageComponents(
  images: { reference: string; layers: readonly LayerPackages[] }[],
): Component[] {
  const found = new Map<string, Component>();
  for (const { reference, layers } of images) {
    const { packages, system } = imagePackages(layers);
    for (const one of packages) {
      const purl = purlOf(one, system);
      const known = found.get(purl);
      if (known?.in.includes(reference)) continue;
      const { name, version, licence } = one;
      found.set(purl, {
        name,
        version,
        purl,
        licence: declaredLicence(licence).expression,
        in: [...(known?.in ?? []), reference],
      });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** Source: the purl specification, and its types. */
function purlOf({ type, name, version, arch }: FoundPackage, system: LayerPackages['system']): string {
  const vendor =
    type === 'deb' || type === 'apk' ? `${system?.id ?? (type === 'deb' ? 'debian' : 'alpine')}/` : '';
  const path = name.split('/').map(encodeURIComponent).join('/');
  const qualifiers = [
    ...(arch === undefined ? [] : [`arch=${arch}`]),
    ...(vendor === '' || !system?.version ? [] : [`distro=${system.id}-${system.version}`]),
  ].join('&');
  return `pkg:${type}/${vendor}${path}@${encodeURIComponent(version)}${qualifiers === '' ? '' : `?${qualifiers}`}`;
}
