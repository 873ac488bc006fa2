import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import type { RuleName } from '../../../policy/rules.ts';

/** A work tree to change. */
export interface Work {
  path(...names: string[]): string;
  /** Changes a file; the change must change something. */
  edit(path: string, change: (text: string) => string): Promise<void>;
}

export type Make = (work: Work) => Promise<unknown>;

/** What is wrong, the rule that finds it, where (file, and line where it has one), and how to do it. */
export type BadCommit = [what: string, rule: RuleName, place: string, make: Make];

export const app = 'cluster/kubernetes/apps/syncthing';
export const deployment = `${app}/deployment.yaml`;
export const kustomization = `${app}/kustomization.yaml`;
export const fluxFolder = 'cluster/kubernetes/flux/lab';
export const encryptedSecret = join(import.meta.dirname, '..', 'encrypted-secret.yaml');
export const metadata = { name: 'bad', namespace: 'syncthing' };
// Written so that this file itself holds no secret.
export const pem = [
  '-----BEGIN',
  'PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END',
  'PRIVATE KEY-----\n',
].join(' ');
export const token = ['gh', 'p_', 'a1B2'.repeat(9)].join('');

export const edit =
  (path: string, how: (text: string) => string): Make =>
  (work) =>
    work.edit(path, how);

export const change = (path: string, from: string, to: string) =>
  edit(path, (text) => text.replace(from, to));

/** A line above the arguments of the app's container. */
export const container = (field: string) =>
  change(deployment, '          args:\n', `          ${field}\n          args:\n`);

export const resource = (entry: string) =>
  change(kustomization, 'resources:\n', `resources:\n  - ${entry}\n`);

export const write =
  (path: string, text: string): Make =>
  async (work) => {
    await mkdir(dirname(work.path(path)), { recursive: true });
    await writeFile(work.path(path), text);
  };

/** A change of a file in each site that runs Syncthing and is there. */
const ofSites =
  (file: (site: string) => string, how: (text: string) => string): Make =>
  async (work) => {
    for (const path of ['lab', 'lab-stage1', 'homelab'].map(file))
      if (existsSync(work.path(path))) await work.edit(path, how);
  };

/** A change of the Flux Kustomization that applies Syncthing. */
export const changeApplying = (from: string, to: string): Make =>
  ofSites(
    (site) => `cluster/kubernetes/flux/${site}/syncthing.yaml`,
    (text) => text.replace(from, to),
  );

/** Has the Kustomization that applies Syncthing decrypt; formats it anew where it does already. */
export const decrypting: Make = ofSites(
  (site) => `cluster/kubernetes/flux/${site}/syncthing.yaml`,
  (text) => {
    const document = parseDocument(text);
    document.setIn(['spec', 'decryption'], { provider: 'sops', secretRef: { name: 'sops-age' } });
    return `${document.toString()}# It decrypts.\n`;
  },
);

/** Where Syncthing says that it keeps media. */
export const withMedia = (media: string) =>
  change(`${app}/app.yaml`, 'backup: data\n', `backup: data\nmedia: { ${media} }\n`);

/** Lets the box reach one server, and nothing else. */
export const egress = (to: string): Make =>
  ofSites(
    (site) => `config/clusters/${site}.yaml`,
    (text) => {
      const document = parseDocument(text);
      document.setIn(['network', 'egress'], [{ to, protocol: 'tcp', port: 2049 }]);
      return document.toString();
    },
  );

/** A Secret more that Syncthing asks for. */
export const askForSecret = change(
  `${app}/app.yaml`,
  'secrets:\n',
  'secrets:\n  - { name: login, keys: { word: WORD } }\n',
);

/** Several changes, one after the other. */
export const both =
  (...makes: Make[]): Make =>
  async (work) => {
    for (const make of makes) await make(work);
  };

/** A manifest that is named in the app's kustomization. */
export const add =
  (object: unknown): Make =>
  async (work) => {
    await write(`${app}/bad.yaml`, typeof object === 'string' ? object : stringify(object))(work);
    await resource('bad.yaml')(work);
  };
