import { glob, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { readSite } from '../../../builder/config/read-site.ts';
import { declaredSecrets } from '../../../builder/secrets/declared.ts';
import { hasBox } from '../../../contract/site.ts';

const repository = join(import.meta.dirname, '../../..');
const sites = await Array.fromAsync(glob('config/clusters/*.yaml', { cwd: repository }));

test.each(sites.map((path) => basename(path, '.yaml')))(
  'the example of site %s has the variables that its apps ask for, without values',
  async (name) => {
    const site = await readSite(repository, name);
    if (!hasBox(site)) return;
    const text = await readFile(join(repository, `config/env/${name}.env.example`), 'utf8');
    const declared = await declaredSecrets(repository, site, new AbortController().signal);
    const wanted = new Set(declared.flatMap(({ keys }) => Object.values(keys)));
    expect(new Set(Object.keys(parseEnv(text)))).toEqual(wanted);
    expect(Object.values(parseEnv(text)).filter((value) => value !== '')).toEqual([]);
  },
);
