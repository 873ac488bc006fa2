import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listedImages } from '../../agent/engine/k3s/images.ts';
import { run } from '../../host/process.ts';
import type { Check } from './check.ts';

/** The archive has every image of the list that lies beside it. */
export function checkImages(archive: string): Check[] {
  return [
    [
      'the archive has every image of k3s-images.txt',
      async () => {
        const list = join(dirname(archive), 'k3s-images.txt');
        if (!existsSync(list))
          throw new Error('there is no k3s-images.txt beside it: it belongs to the release');
        const { stdout } = await run(['tar', '--extract', '--to-stdout', '--file', archive, 'manifest.json']);
        const images = JSON.parse(stdout) as { RepoTags: string[] | null }[];
        const there = new Set(images.flatMap(({ RepoTags }) => RepoTags ?? []).map(inFull));
        const wanted = listedImages(await readFile(list, 'utf8'));
        const missing = wanted.filter((name) => !there.has(inFull(name)));
        if (missing.length > 0) throw new Error(`not there: ${missing.join(', ')}`);
        return `${wanted.length} images`;
      },
    ],
  ];
}

/** Archives leave Docker Hub's name out. */
const inFull = (name: string) => (/^[^/]+\.[^/]+\//.test(name) ? name : `docker.io/${name}`);
