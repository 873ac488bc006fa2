import { link, mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Board } from '../../agent/board.ts';
import type { Candidate } from '../../agent/install/choose.ts';
import { contentOf } from '../../agent/install/content.ts';
import type { Disk } from '../../agent/install/disks.ts';
import type { Machine } from '../../agent/install/installer.ts';
import { BoxReport } from '../../agent/report/report.ts';
import type { Step } from '../../agent/step.ts';
import type { Encryption } from '../../contract/encryption.ts';
import { box, bundleFiles, medium } from '../../contract/layout.ts';
import { parseBoxSite } from '../../contract/site.ts';
import { tinyBundle } from './tiny-bundle.ts';

/** A medium as a box has it mounted: a directory. @param git a Git bundle. @returns its path. */
export async function tinyMediumTree(root: string, git?: Buffer): Promise<string> {
  const images = { 'ghcr.io/team/app:1.0': [Buffer.alloc(3_000_000, 'layer')] };
  const { manifest } = await tinyBundle(root, join('medium', medium.bundle), {
    sequence: 7,
    images,
    bootable: true,
    ...(git === undefined ? {} : { git }),
  });
  const tree = join(root, 'medium');
  for (const [path, digest] of Object.entries(manifest.links)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await link(
      join(tree, medium.bundle, bundleFiles.blobs, digest.slice('sha256:'.length)),
      join(tree, path),
    );
  }
  return tree;
}

/** An empty file in place of a disk. */
export async function makeDisk(path: string, size: number): Promise<Disk> {
  await writeFile(path, '');
  const file = await open(path, 'r+');
  await file.truncate(size);
  await file.close();
  return { path, size, model: 'TEST DISK', serial: path.slice(-4), unfit: null };
}

/** A machine with files for disks, and a person who has typed some lines. */
export function tinyMachine(disks: readonly Disk[], typed: string[] = []) {
  const restarts: number[] = [];
  const machine: Machine = {
    disks: (signal) =>
      Promise.all(
        disks.map(
          async (disk): Promise<Candidate> => ({
            ...disk,
            content: await contentOf(disk.path, disk.size, signal),
          }),
        ),
      ),
    ask: async () => typed.shift() ?? '',
    restart: async () => void restarts.push(1),
  };
  return { machine, restarts };
}

/** What the steps are given, for a box whose files all lie below a directory. */
export function boardBelow(
  root: string,
  tree: string,
  steps: readonly Step[],
  install: object = {},
  encrypt: Encryption = 'none',
): Board {
  const site = parseBoxSite({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    engine: { version: 'v1.36.3' },
    disk: { dataMiB: 512, encrypt },
    install,
  });
  const report = new BoxReport(
    steps.map(({ name }) => name),
    () => 0,
    site.name,
  );
  const own = {
    medium: tree,
    bundle: join(tree, medium.bundle),
    run: join(root, 'run'),
    siteKey: join(root, 'keys', 'minisign.pub'),
    rotations: join(root, 'rotations'),
    seedFound: join(root, 'seed'),
  };
  return new Board(site, report, () => {}, { ...box, ...own });
}
