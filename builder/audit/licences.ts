import type { SpdxDocument } from '../../contract/spdx.ts';
import type { OpenBundle } from '../verify/medium.ts';
import { documentsOf } from './documents.ts';

/** What a bundle's packages say of their licences. */
export interface Licences {
  /** By licence, the most frequent first: package URLs of those that name it, alone or with others. */
  licences: { licence: string; packages: string[] }[];
  packages: { name: string; version: string; purl: string; expression: string }[];
}

/** Reads it from the bill of materials. @throws CpiabError E2103, E2114, E2115 when that can't be read. */
export async function licencesOf(bundle: OpenBundle): Promise<Licences> {
  const { document } = await documentsOf(bundle).sbom();
  const packages = described(document);
  const names = new Map(document.hasExtractedLicensingInfos?.map(({ licenseId, name }) => [licenseId, name]));
  const users = new Map<string, Set<string>>();
  for (const { purl, expression } of packages) {
    for (const id of idsOf(expression)) {
      const licence = names.has(id) ? `${names.get(id)} (own text)` : id;
      users.set(licence, (users.get(licence) ?? new Set()).add(purl));
    }
  }
  const licences = [...users]
    .map(([licence, purls]) => ({ licence, packages: [...purls].toSorted() }))
    .toSorted((a, b) => b.packages.length - a.packages.length || (a.licence < b.licence ? -1 : 1));
  return { licences, packages };
}

/** Packages; what holds them (the bundle, images, modules) has no licence of its own. */
function described({ packages }: SpdxDocument): Licences['packages'] {
  return packages.flatMap(({ name, versionInfo: version, licenseDeclared: expression, ...found }) => {
    const purl = found.externalRefs?.[0].referenceLocator;
    if (purl === undefined || found.primaryPackagePurpose !== undefined) return [];
    return [{ name, version, purl, expression }];
  });
}

/** `GPL-2.0-only WITH Linux-syscall-note` is one: an exception is nothing without its licence. */
const idsOf = (expression: string) =>
  expression.split(/ AND | OR /).map((part) => part.replaceAll(/[()]/g, '').trim());
