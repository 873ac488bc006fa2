import type { AppSecret } from '../../contract/app.ts';
import { combined } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import type { BoxSite } from '../../contract/site.ts';
import { readOwnDocuments } from '../../policy/rules/own-documents.ts';
import { askedFor } from '../../policy/rules/secrets.ts';
import { readWorld } from '../../policy/world/read-world.ts';
import { readWorkTree } from '../check/work-tree.ts';
import { asError } from '../close/rules.ts';

/** A Secret that an app of the site asks for. */
export interface DeclaredSecret extends AppSecret {
  /** Also the namespace. */
  app: string;
  /** Where its manifest lies, below the repository. */
  path: string;
}

/**
 * The Secrets that the site's apps ask for, as the work tree has it: of apps that Flux applies there.
 * @throws CpiabError E2230 for an app.yaml or a site that breaks the rules.
 */
export async function declaredSecrets(
  repository: string,
  site: BoxSite,
  signal: AbortSignal,
): Promise<DeclaredSecret[]> {
  const tree = await readWorkTree(repository, signal);
  // No exception is asked for here, so no date matters.
  const { apps, findings } = await readOwnDocuments(tree, site.name, '');
  const [first, ...others] = findings.map(asError);
  if (first !== undefined) throw combined([first, ...others]);
  const world = await readWorld(tree, site.name);
  return apps
    .filter(({ folder }) => world.folders.has(folder))
    .flatMap((app) => {
      const { name } = app.content;
      const folder = `${siteSecrets.folder(site.name)}/${name}`;
      return askedFor(app, world).map((secret) => ({
        ...secret,
        app: name,
        path: `${folder}/${secret.name}.yaml`,
      }));
    })
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
