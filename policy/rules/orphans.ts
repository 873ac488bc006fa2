import { isKubeObject } from '../closed/object.ts';
import { parseDocuments } from '../document/source-document.ts';
import type { Finding } from '../finding.ts';
import { kustomizationFile } from '../world/read-folder.ts';
import type { RuleContext } from './context.ts';

/** Documents that describe and are not applied. */
const DESCRIBES = /^(?:cpiab\.dev|kustomize\.config\.k8s\.io)\//;

/** Manifests of an applied folder that its kustomization leaves out. Without one, Flux applies all there are. */
export async function checkOrphans({ world, paths, tree }: RuleContext): Promise<Finding[]> {
  const files = [...world.folders]
    .filter((folder) => kustomizationFile(folder, paths) !== undefined)
    .flatMap((folder) => paths.below(folder))
    .filter((path) => /\.ya?ml$/.test(path) && !world.files.has(path));
  const texts = await tree.read(files);
  return [...new Set(files)].flatMap((file, index): Finding[] => {
    const manifest = parseDocuments(file, texts[index] ?? '').documents.find(
      ({ value }) => isKubeObject(value) && !DESCRIBES.test(value.apiVersion),
    );
    if (manifest === undefined) return [];
    return [{ rule: 'orphan-manifest', file, line: manifest.lineOf([]), what: 'nothing applies it' }];
  });
}

/** Every YAML file below `cluster/` can be read, also of what this site does not apply. */
export async function checkSyntax({ world, paths, tree }: RuleContext): Promise<Finding[]> {
  const files = paths.below('cluster').filter((path) => /\.ya?ml$/.test(path) && !world.files.has(path));
  const own = files.filter((path) => !/(?:^|\/)app\.yaml$/.test(path));
  const texts = await tree.read(own);
  return own.flatMap((file, index) => parseDocuments(file, texts[index] ?? '').findings);
}
