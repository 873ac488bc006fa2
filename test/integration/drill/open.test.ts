import { appendFile, chmod, copyFile, mkdir, mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginDrill, openDrill, readDrill } from '../../../drill/open.ts';
import { hold } from '../../../host/hold.ts';
import { run } from '../../../host/process.ts';
import { removeTree } from '../../support/remove-tree.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const scenario = join(repository, 'drills', 'bank-a-to-bank-b.yaml');
const { signal } = new AbortController();
let out = '';

beforeEach(async () => {
  out = await realpath(await mkdtemp(join(tmpdir(), 'cpiab-drill-open-')));
  await chmod(out, 0o755);
});
afterEach(() => removeTree(out));

/** A drill that was begun and has done nothing yet. */
async function begun(): Promise<void> {
  await copyFile(scenario, join(out, 'scenario.yaml'));
  await writeFile(join(out, 'journal.jsonl'), '');
  await writeFile(join(out, 'substrate'), 'netns\n');
}

test('a directory without a drill is told', async () => {
  await expect(readDrill(out)).rejects.toMatchObject({ code: 'E1702', subject: out });
});

test('a drill is not gone on with by another scenario', async () => {
  await begun();
  await writeFile(join(out, 'scenario.yaml'), 'another');
  const asked = { scenario, substrate: 'netns', out } as const;
  const refused = { code: 'E1701', subject: out };
  await expect(beginDrill(repository, asked, signal)).rejects.toMatchObject(refused);
});

test('a drill is not gone on with on another substrate', async () => {
  await begun();
  const asked = { scenario, substrate: 'qemu', out } as const;
  await mkdir(join(out, 'dist/lab'), { recursive: true });
  await writeFile(join(out, 'dist/lab/cpiab-lab.iso'), '');
  const refused = { code: 'E1701', subject: out };
  await expect(beginDrill(out, asked, signal)).rejects.toMatchObject(refused);
});

test('without a medium no bank of virtual machines is begun, nor with a fault that they can not have', async () => {
  const asked = { scenario: join(out, 'asked.yaml'), substrate: 'qemu', out: join(out, 'new') } as const;
  const text = await readFile(scenario, 'utf8');
  await writeFile(asked.scenario, text.replace('site: lab', 'site: nowhere'));
  await expect(beginDrill(repository, asked, signal)).rejects.toMatchObject({ code: 'E1705' });
  const medium = join(out, 'dist/nowhere/cpiab-nowhere.iso');
  await mkdir(dirname(medium), { recursive: true });
  await writeFile(medium, '');
  const fault = 'faults: [{ fault: wrong-clock, at: move.approve, bank: b, days: 400, seconds: 5 }]';
  await appendFile(asked.scenario, `${fault}\n`);
  await expect(beginDrill(out, asked, signal)).rejects.toMatchObject({ code: 'E1706' });
});

test('two processes do not run one drill', async () => {
  await begun();
  const held = await hold(`drill/${(await readDrill(out)).world.id}`);
  await expect(openDrill(repository, out, signal)).rejects.toMatchObject({ code: 'E1703' });
  await held.release();
});

test('without the rights of root it says so', async () => {
  await begun();
  const program = `
    const { openDrill } = await import(${JSON.stringify(join(repository, 'drill', 'open.ts'))});
    process.setuid('nobody');
    await openDrill('/', ${JSON.stringify(out)}, new AbortController().signal).catch((error) => console.log(error.code));`;
  const { stdout } = await run([process.execPath, '--input-type=module', '--eval', program]);
  expect(stdout.trim()).toBe('E4060');
});
