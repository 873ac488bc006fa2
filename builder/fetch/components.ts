import type { Lock } from '../../contract/lock.ts';
import type { Program } from '../../contract/programs.ts';
import type { Component } from '../bundle/sbom.ts';

/** A module that the linker put into a program. */
export interface LinkedModule {
  program: string;
  module: string;
  version: string;
}

/** SBOM components of the compiled programs: each module once, with the programs that hold it. */
export function goComponents(definitions: Program[], linked: LinkedModule[]): Component[] {
  const licences = new Map(
    definitions.flatMap(({ modules }) => modules.map((found) => [found.module, found.licence])),
  );
  const main = definitions.flatMap(({ name, modules }) =>
    modules.map((found) => ({ program: name, ...found })),
  );
  const users = new Map<string, { module: string; version: string; programs: Set<string> }>();
  for (const { program, module, version } of [...main, ...linked]) {
    const id = `${module}@${version}`;
    const known = users.get(id) ?? { module, version, programs: new Set() };
    users.set(id, { ...known, programs: known.programs.add(program) });
  }
  return [...users.values()]
    .map(({ module, version, programs }) => ({
      name: module,
      version,
      purl: `pkg:golang/${module}@${version}`,
      licence: licences.get(module) ?? 'NOASSERTION',
      in: [...programs].toSorted(),
    }))
    .toSorted((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** The box's Node.js. */
export function nodeComponent({ node }: Lock): Component {
  return {
    name: 'node',
    version: node.version,
    purl: `pkg:npm/${node.package}@${node.version}`,
    licence: 'MIT',
    in: ['20-engine'],
  };
}
