import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { readYaml } from '../../../../builder/config/read-yaml.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-yaml-'));
});
afterAll(() => rm(directory, { recursive: true }));

const schema = z.strictObject({
  sources: z.array(
    z.union([z.strictObject({ go: z.string(), to: z.string() }), z.strictObject({ files: z.string() })]),
  ),
  labels: z.record(z.string(), z.string()).default({}),
});

async function read(text: string) {
  const path = join(directory, 'x.yaml');
  await writeFile(path, text);
  return await readYaml(path, schema, 'x.yaml');
}

test('the content has the schema applied', async () => {
  expect((await read('sources: [{files: a}]')).content).toEqual({ sources: [{ files: 'a' }], labels: {} });
});

test('in a choice, the nearest branch is meant', async () => {
  await expect(read('sources:\n  - go: kube\n    too: /usr/bin')).rejects.toMatchObject({
    code: 'E1003',
    subject: 'x.yaml:2:5 sources[0]',
    others: [
      {
        code: 'E1001',
        subject: 'x.yaml:3:5 sources[0].too',
        hint: 'did you mean to? Valid keys here: files, go, to',
      },
    ],
  });
});

test('a mapping with free keys checks its values', async () => {
  await expect(read('sources: []\nlabels: {a: 1}')).rejects.toMatchObject({
    subject: 'x.yaml:2:13 labels.a',
  });
});

test('a file that is not there', async () => {
  await expect(readYaml(join(directory, 'none.yaml'), schema)).rejects.toMatchObject({ code: 'E1006' });
});
