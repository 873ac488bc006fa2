import { appendFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { run } from '../../../host/process.ts';

const repository = resolve(import.meta.dirname, '../../..');

/** A version of site lab that is built: its medium, if it has one, and its bundle. */
export interface LabVersion {
  image: string;
  bundle: string;
}

interface Gate {
  minutes: number;
  requires: string[];
}

/** What a version changes, and the gate that it gives itself. */
interface Change {
  gate: Gate;
  /** Path in the repository, and what becomes of its text. */
  edit: [path: string, from: string, to: string] | null;
}

const light: Gate = { minutes: 15, requires: ['agent'] };
const unit = 'agent/files/etc/systemd/system';

const changes = {
  old: { gate: light, edit: null },
  good: {
    gate: light,
    edit: [`${unit}/cpiab-agent.service`, 'Description=CPiaB agent', 'Description=CPiaB agent, next'],
  },
  /** Its agent ends at once, each time. */
  crashing: { gate: light, edit: ['agent/main.ts', 'const life =', 'process.exit(7);\n  const life ='] },
  /** Its API server is started with another environment. */
  changed: {
    gate: { minutes: 30, requires: ['agent', 'engine'] },
    edit: ['agent/engine/kubeadm/config.ts', "value: '400'", "value: '300'"],
  },
  /** Its kubelet does not start. */
  unready: {
    gate: { minutes: 4, requires: ['agent', 'engine'] },
    edit: [`${unit}/kubelet.service`, '$KUBELET_KUBEADM_ARGS', '$KUBELET_KUBEADM_ARGS --no-such-flag'],
  },
} satisfies Record<string, Change>;
export type ChangeName = Exclude<keyof typeof changes, 'old'>;

/**
 * Builds site lab as it is committed here, and versions that follow it, each a commit on top.
 * @param directory a new one for all of it. @param tries that each has for the one after it.
 * @returns the one to begin with, which has a disk image, and deltas from it by name.
 */
export async function buildVersions<Name extends ChangeName>(
  directory: string,
  names: readonly Name[],
  tries = 2,
): Promise<{ old: LabVersion; deltas: Record<Name, string> }> {
  const place = { tree: await cloneTree(directory), directory, tries };
  const old = await build(place, 'old', 'qcow2');
  const deltas: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const { bundle } = await build(place, name, 'bundle');
    deltas[name] = join(directory, `${name}.cpiab-delta`);
    await cpiab(place.tree, 'delta', old.bundle, bundle, '--out', deltas[name]);
  }
  return { old, deltas: deltas as Record<Name, string> };
}

/** The same as ISOs: the one to begin with, and one that follows it. */
export async function buildDiscs(directory: string, name: ChangeName): Promise<[string, string]> {
  const place = { tree: await cloneTree(directory), directory, tries: 2 };
  return [(await build(place, 'old', 'iso')).image, (await build(place, name, 'iso')).image];
}

/** Builds a disk image of site lab as it is committed here, whose state is encrypted. @returns its path. */
export const buildEncrypted = (directory: string, encrypt: 'tpm2' | 'passphrase'): Promise<string> =>
  buildSite(directory, encrypt, `disk: { encrypt: ${encrypt} }`, 'qcow2');

/** Builds an image of site lab as it is committed here, with more lines. @returns its path. */
export async function buildSite(
  directory: string,
  name: string,
  lines: string,
  only: 'iso' | 'qcow2',
): Promise<string> {
  const tree = await cloneTree(directory);
  const site = join(tree, 'config/clusters/lab.yaml');
  const document = parseDocument(await readFile(site, 'utf8'));
  for (const [key, values] of Object.entries(parse(lines) as Record<string, object>))
    for (const [name, value] of Object.entries(values)) document.setIn([key, name], value);
  await writeFile(site, document.toString());
  await cpiab(tree, 'lock', 'lab');
  await git(tree, 'commit', '--quiet', '--all', '--message', `site lab, ${name}`);
  const out = join(directory, name);
  await cpiab(tree, 'build', 'lab', '--only', only, '--out', out);
  return join(out, `cpiab-lab.${only}`);
}

async function cloneTree(directory: string): Promise<string> {
  const tree = join(directory, 'tree');
  await run(['git', 'clone', '--quiet', repository, tree]);
  await symlink(join(repository, 'node_modules'), join(tree, 'node_modules'));
  // A link is no directory to `.gitignore`, and a build refuses what is not committed.
  await appendFile(join(tree, '.git/info/exclude'), 'node_modules\n');
  return tree;
}

async function build(
  { tree, directory, tries }: { tree: string; directory: string; tries: number },
  name: keyof typeof changes,
  only: 'iso' | 'qcow2' | 'bundle',
): Promise<LabVersion> {
  const { gate, edit }: Change = changes[name];
  await git(tree, 'checkout', '--quiet', '-B', name, ...(name === 'old' ? [] : ['old']));
  const site = join(tree, 'config/clusters/lab.yaml');
  const text = (await readFile(site, 'utf8')).replace(/^update:\n(?: .*\n)*/m, '');
  const { minutes, requires } = gate;
  const policy = `update:\n  tries: ${tries}\n  gate: { minutes: ${minutes}, requires: [${requires.join(', ')}] }\n`;
  await writeFile(site, `${text}${policy}`);
  if (edit !== null) {
    const [path, from, to] = edit;
    const before = await readFile(join(tree, path), 'utf8');
    if (!before.includes(from)) throw new Error(`${path} has no ${from}`);
    await writeFile(
      join(tree, path),
      before.replace(from, () => to),
    );
  }
  await cpiab(tree, 'lock', 'lab');
  await git(tree, 'commit', '--quiet', '--all', '--allow-empty', '--message', `version ${name}`);
  const out = join(directory, name);
  await cpiab(tree, 'build', 'lab', '--only', only, '--out', out);
  return { image: join(out, `cpiab-lab.${only}`), bundle: join(out, 'bundle') };
}

async function cpiab(tree: string, ...args: string[]): Promise<void> {
  await run([process.execPath, join(tree, 'cli/main.ts'), ...args], { cwd: tree });
}

async function git(tree: string, ...args: string[]): Promise<void> {
  const identity = ['-c', 'user.name=Operator', '-c', 'user.email=operator@example.org'];
  await run(['git', '-C', tree, ...identity, ...args]);
}
