import { appendFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { readSite } from '../../builder/config/read-site.ts';
import { type BoxSite, parseBoxSite } from '../../contract/site.ts';
import { run } from '../../host/process.ts';

const here = join(import.meta.dirname, '..', '..');
const APP = 'cluster/kubernetes/apps/syncthing';
const FLUX = 'cluster/kubernetes/flux/lab/syncthing.yaml';

/** Values that tests encrypt; none has the shape of a real secret. */
export const values = {
  SYNCTHING_USER: 'operator of the lab',
  SYNCTHING_PASSWORD: 'correct: horse "battery" #staple',
  SYNCTHING_TLS_KEY: 'begin of the lab key\nend of it\n',
};
export const declared = [
  { name: 'login', keys: { username: 'SYNCTHING_USER', password: 'SYNCTHING_PASSWORD' } },
  { name: 'tls', keys: { 'tls.key': 'SYNCTHING_TLS_KEY' } },
];
/** Of the manifests. */
export const folder = 'cluster/kubernetes/secrets/lab/syncthing';

/** A clone of this repository, one app of which asks for Secrets. */
export class SecretsRepository {
  readonly path: string;
  site!: BoxSite;

  constructor(path: string) {
    this.path = path;
  }

  async open(): Promise<void> {
    await run(['git', 'clone', '--quiet', '--shared', here, this.path]);
    this.site = parseBoxSite(await readSite(this.path, 'lab'));
    await this.declare(declared);
    await this.env(values);
    const spec = {
      components: ['../../secrets/lab/syncthing'],
      decryption: { provider: 'sops', secretRef: { name: 'sops-age' } },
    };
    await appendFile(this.file(FLUX), stringify(spec).replaceAll(/^/gm, '  ').trimEnd().concat('\n'));
  }

  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  async text(...names: string[]): Promise<string> {
    return await readFile(this.file(...names), 'utf8');
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(this.file(path)), { recursive: true });
    await writeFile(this.file(path), text);
  }

  async declare(secrets: object[]): Promise<void> {
    const app = await run(['git', '-C', this.path, 'show', `HEAD:${APP}/app.yaml`]);
    await this.write(`${APP}/app.yaml`, stringify({ ...parse(app.stdout), secrets }));
  }

  async env(content: Record<string, string>, mode = 0o600): Promise<void> {
    const lines = Object.entries(content).map(([name, value]) => `${name}='${value}'\n`);
    await this.write('config/env/lab.env', lines.join(''));
    await chmod(this.file('config/env/lab.env'), mode);
  }

  async git(...args: string[]): Promise<string> {
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
    return (await run(['git', '-C', this.path, ...who, ...args])).stdout.trim();
  }

  async commit(subject = 'change'): Promise<string> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '--message', subject);
    return await this.git('rev-parse', 'HEAD');
  }
}
