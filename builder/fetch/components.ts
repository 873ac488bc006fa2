import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Lock } from '../../contract/lock.ts';
import type { Program } from '../../contract/programs.ts';
import type { Component } from '../bundle/sbom.ts';
import type { GoLicences } from '../licences/go.ts';
import { declaredLicence } from '../licences/licence.ts';

/** A module that the linker put into a program. */
export interface LinkedModule {
  program: string;
  module: string;
  version: string;
}

interface GoSources {
  /** Programs; those who wrote them down looked at the licence of each one's main modules. */
  definitions: Program[];
  linked: LinkedModule[];
  /** `module@version` → what was found in its sources. */
  licences: GoLicences;
}

/**
 * SBOM components of the compiled programs: each module once, with the parts that hold a program that it is in.
 * @param partsOf the parts that a program ends up in; what is in none is left out.
 */
export function goComponents(
  { definitions, linked, licences: found }: GoSources,
  partsOf: (program: string) => string[],
): Component[] {
  const declared = new Map(
    definitions.flatMap(({ modules }) => modules.map(({ module, licence }) => [module, licence])),
  );
  const main = definitions.flatMap(({ name, modules }) =>
    modules.map((found) => ({ program: name, ...found })),
  );
  const users = new Map<string, { module: string; version: string; parts: Set<string> }>();
  for (const { program, module, version } of [...main, ...linked]) {
    const id = `${module}@${version}`;
    const parts = new Set([...(users.get(id)?.parts ?? []), ...partsOf(program)]);
    users.set(id, { module, version, parts });
  }
  return [...users.values()]
    .filter(({ parts }) => parts.size > 0)
    .map(({ module, version, parts }) => ({
      name: module,
      version,
      purl: `pkg:golang/${module}@${version}`,
      licence: declared.get(module) ?? found.get(`${module}@${version}`) ?? 'NOASSERTION',
      in: [...parts].toSorted(),
    }))
    .toSorted((a, b) => (a.purl < b.purl ? -1 : 1));
}

/**
 * The box's Node.js.
 * @param holders the parts that have it.
 */
export function nodeComponent({ node }: Lock, holders: string[]): Component {
  return {
    name: 'node',
    version: node.version,
    purl: `pkg:npm/${node.package}@${node.version}`,
    licence: 'MIT',
    in: holders,
  };
}

const PackageJsonSchema = z.looseObject({ name: z.string(), version: z.string(), license: z.string() });

/**
 * The npm packages that are bundled into a script.
 * @param inputs paths of the modules that the bundler took in.
 * @param holders the parts that have the script.
 */
export async function npmComponents(inputs: string[], holders: string[]): Promise<Component[]> {
  const folder = /^.*(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
  const folders = new Set(inputs.flatMap((path) => folder.exec(path)?.[0] ?? []));
  const found = await Promise.all(
    [...folders].map(async (path) =>
      PackageJsonSchema.parse(JSON.parse(await readFile(`${path}/package.json`, 'utf8'))),
    ),
  );
  return found
    .map(({ name, version, license }) => ({
      name,
      version,
      // Source: the purl specification, type npm: the scope is a namespace, its @ encoded.
      purl: `pkg:npm/${name.replace(/^@/, '%40')}@${version}`,
      licence: declaredLicence(license).expression,
      in: holders,
    }))
    .toSorted((a, b) => (a.purl < b.purl ? -1 : 1));
}
