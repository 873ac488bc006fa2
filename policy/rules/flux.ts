import { posix } from 'node:path';
import { flux } from '../../contract/layout.ts';
import { isRecord } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { FluxKustomization } from '../world/world.ts';
import { isOptional } from './apps.ts';
import type { App, Check } from './context.ts';

const specOf = ({ written }: FluxKustomization) =>
  isRecord(written.object['spec']) ? written.object['spec'] : {};

const at = ({ written: { source, file } }: FluxKustomization, ...path: (string | number)[]) => ({
  file,
  line: source.lineOf(['spec', ...path]),
});

export const checkSources: Check = ({ world }) =>
  world.kustomizations.flatMap((one): Finding[] => {
    const { sourceRef } = specOf(one);
    const { kind, name } = isRecord(sourceRef) ? sourceRef : {};
    if (kind === 'ExternalArtifact' && name === flux.artifactName) return [];
    const what = `takes ${String(kind ?? 'nothing')} ${String(name ?? '')}`.trim();
    return [{ rule: 'flux-source', ...at(one, 'sourceRef'), what }];
  });

export const checkSettings: Check = ({ world, apps }) =>
  world.kustomizations.flatMap((one): Finding[] => {
    const lacks = lackingSettings(one, apps);
    const settings: Finding[] =
      lacks.length === 0
        ? []
        : [{ rule: 'flux-settings', ...at(one), what: `${one.name} has no ${lacks.join(', ')}` }];
    return typeof specOf(one)['path'] === 'string'
      ? settings
      : [...settings, { rule: 'flux-path', ...at(one), what: `${one.name} has no path` }];
  });

function lackingSettings(one: FluxKustomization, apps: readonly App[]): string[] {
  const { prune, wait, timeout } = specOf(one);
  return [
    prune === true ? null : 'prune: true',
    wait === true || isOptional(one, apps) ? null : 'wait: true',
    timeout === undefined ? 'timeout' : null,
  ].filter((name) => name !== null);
}

/** Names that each one waits for, and the index of each in its list. */
function dependenciesOf(one: FluxKustomization): { name: string; index: number }[] {
  const { dependsOn } = specOf(one);
  if (!Array.isArray(dependsOn)) return [];
  return dependsOn.flatMap((item: unknown, index) =>
    isRecord(item) && typeof item['name'] === 'string' ? [{ name: item['name'], index }] : [],
  );
}

export const checkDependencies: Check = ({ world: { kustomizations } }) => {
  const names = new Set(kustomizations.map(({ name }) => name));
  const missing = kustomizations.flatMap((one) =>
    dependenciesOf(one)
      .filter(({ name }) => !names.has(name))
      .map(({ name, index }): Finding => {
        return {
          rule: 'flux-depends',
          ...at(one, 'dependsOn', index),
          what: `${one.name} waits for ${name}`,
        };
      }),
  );
  return [...missing, ...cycles(kustomizations)];
};

/** Each that waits, through others, for itself. */
function cycles(all: readonly FluxKustomization[]): Finding[] {
  const byName = new Map(all.map((one) => [one.name, one]));
  const reaches = (from: FluxKustomization, target: string, seen: Set<string>): boolean =>
    dependenciesOf(from).some(({ name }) => {
      if (name === target) return true;
      const next = byName.get(name);
      if (next === undefined || seen.has(name)) return false;
      seen.add(name);
      return reaches(next, target, seen);
    });
  return all
    .filter((one) => reaches(one, one.name, new Set()))
    .map((one): Finding => {
      return { rule: 'flux-cycle', ...at(one, 'dependsOn'), what: `${one.name} waits for itself in the end` };
    });
}

/** What the agent applies by itself before there is anything that could reconcile it. */
export const checkSystemFolder: Check = ({ world, paths }) => {
  const file = posix.join(flux.systemPath, 'kustomization.yaml');
  const refuse = (what: string): Finding[] => [{ rule: 'system-folder', file, line: 1, what }];
  if (!paths.isFile(file)) return refuse('is not there');
  const own = world.objects.filter((written) => written.way[0] === flux.systemPath);
  const far = own.find((written) => posix.dirname(written.file) !== flux.systemPath);
  if (far !== undefined) return refuse(`takes ${far.file}, which is in another folder`);
  if (own.some(({ partial }) => partial)) return refuse('has more than a list of files');
  const controller = own.some(
    ({ object: { kind, metadata } }) => kind === 'Deployment' && metadata?.name === 'kustomize-controller',
  );
  return controller ? [] : refuse('has no Deployment kustomize-controller');
};
