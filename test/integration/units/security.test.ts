import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { box, units } from '../../../contract/layout.ts';
import { exposureOf, whyNoSystemdAnalyze } from '../../support/systemd-analyze.ts';

const repository = resolve(import.meta.dirname, '../../..');
const unitFile = (name: string) => join(repository, 'agent/files/etc/systemd/system', name);
const why = await whyNoSystemdAnalyze();
if (why !== null) process.stderr.write(`the confinement of units is not looked at: ${why}\n`);

describe.skipIf(why !== null)('systemd calls the exposure', () => {
  test.each([
    [units.agent, 3],
    [units.registry, 1.2],
    [units.podNetwork, 2.1],
    [units.unpack, 2],
    [units.passphrase, 2],
  ] as const)('of %s at most %f', async (name, most) => {
    expect((await exposureOf(unitFile(name))).overall).toBeLessThanOrEqual(most);
  });

  test('of the agent by what the documentation gives a reason for, and by nothing else', async () => {
    const page = await readFile(join(repository, 'docs/operate/hardening.md'), 'utf8');
    const [, table = ''] = /^## What the agent may do$(.*?)^## /ms.exec(page) ?? [];
    const explained = [...table.matchAll(/`([^`]+=[^`]*)`/g)].map(([, name = '']) =>
      name.replaceAll('\\', ''),
    );
    const { open } = await exposureOf(unitFile(units.agent));
    expect(open.filter((name) => !explained.includes(name))).toEqual([]);
  });
});

test('the agent may write below each directory that it keeps state in', async () => {
  const text = await readFile(unitFile(units.agent), 'utf8');
  const writable = /^ReadWritePaths=(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  for (const path of [box.state, box.run, box.adminKubeconfig, box.bootstrapKubeconfig])
    expect(
      writable.some((directory) => path.startsWith(`${directory}/`)),
      path,
    ).toBe(true);
});

test('no network comes up without the firewall', async () => {
  const text = await readFile(unitFile('systemd-networkd.service.d/10-cpiab.conf'), 'utf8');
  expect(text).toContain(`Requires=${units.firewall}`);
  expect(text).toContain(`After=${units.firewall}`);
});
