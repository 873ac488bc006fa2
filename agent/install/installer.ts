import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { InstallMode } from '../../contract/install.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { seed } from '../../contract/seed.ts';
import { formatBytes } from '../../contract/units.ts';
import type { Board } from '../board.ts';
import { checkSlot } from '../slots/check.ts';
import { SlotWriter } from '../slots/write.ts';
import type { StepContext } from '../step.ts';
import { readManifest, type SignedManifest } from '../verify/manifest.ts';
import { type Candidate, choose, describe } from './choose.ts';
import { leaveSeed } from './data.ts';
import { partitionMounted } from './mounted.ts';
import { checkLoaders, formatSlot, partition, placeOf } from './partition.ts';
import { type Ask, DiskQuestion } from './question.ts';
import { startSector, writeFirstSector } from './table.ts';
import { leastSize, type Target, targetOf } from './target.ts';

/** The machine that is installed; tests give files for disks. */
export interface Machine {
  /** Every disk, with what is on it. */
  disks(signal: AbortSignal): Promise<Candidate[]>;
  /** The next thing that a person types. */
  ask: Ask;
  /** Starts the machine again. */
  restart(signal: AbortSignal): Promise<void>;
}

/** What the steps of one installation hand on. Each may run again; only the last makes the disk start. */
export class Installer {
  readonly #machine: Machine;
  readonly #mode: Exclude<InstallMode, 'never'>;
  #signed: SignedManifest | undefined;
  #target: Target | undefined;
  #protective: Buffer | undefined;

  constructor(machine: Machine, mode: Exclude<InstallMode, 'never'>) {
    this.#machine = machine;
    this.#mode = mode;
  }

  /** Finds the disk; nothing is written yet. What is installed must be signed. */
  async choose(board: Board, { signal }: StepContext): Promise<string> {
    const { paths, site, report } = board;
    const trust = { keyFile: paths.siteKey, rotations: paths.rotations, site: site.name };
    this.#signed = await readManifest(paths.bundle, trust);
    const { manifest } = this.#signed;
    report.set({ version: manifest.revision, sequence: manifest.sequence });
    const data = site.disk.dataMiB * 2 ** 20;
    const least = leastSize(manifest, data);
    const look = () => this.#machine.disks(signal);
    const chosen =
      this.#mode === 'auto'
        ? choose(await look(), site.install, least)
        : await this.#question(board).ask(look, this.#machine.ask, report, least);
    this.#target = targetOf(chosen, manifest, data);
    return describe(chosen);
  }

  /** For who asks over the network too. */
  #question(board: Board): DiskQuestion {
    const question = board.peek('question') ?? new DiskQuestion();
    board.put('question', question);
    return question;
  }

  async partition({ paths, site }: Board, { signal }: StepContext): Promise<string> {
    const target = held(this.#target);
    this.#protective = await partition(target, paths, site.disk.encrypt, signal);
    const { slotA, data } = target.layout.partitions;
    return `two slots of ${formatBytes(slotA.size)}, ${formatBytes(data.size)} for data`;
  }

  /** Writes slot A from the medium, each blob checked on its way, and the seed to where the box looks for it. */
  async copy({ paths, report, site }: Board, { signal, progress }: StepContext): Promise<string> {
    const { manifest, digest } = held(this.#signed);
    const target = held(this.#target);
    await formatSlot(target, 'slotA', signal);
    const names = [bundleFiles.manifest, bundleFiles.signature, ...Object.keys(manifest.files)];
    const papers = new Map<string, Buffer>();
    for (const name of names) papers.set(name, await readFile(join(paths.bundle, name)));
    const total = manifest.blobs.reduce((sum, { size }) => sum + size, 0);
    await partitionMounted(placeOf(target, 'slotA'), 'write', paths.run, async (root) => {
      const writer = new SlotWriter(root, { manifest, digest, papers });
      await writer.begin();
      let done = 0;
      for (const blob of manifest.blobs) {
        const source = join(paths.bundle, bundleFiles.blobs, blob.digest.slice('sha256:'.length));
        await writer.add(blob.digest, createReadStream(source, { highWaterMark: 1 << 20 }), signal);
        done += blob.size;
        progress(`${formatBytes(done)} of ${formatBytes(total)}`);
      }
      await writer.finish();
    });
    if (report.snapshot().seed !== null) {
      const text = await readFile(join(paths.seedFound, seed.file), 'utf8');
      await leaveSeed(target, site.disk.encrypt, text, paths.run);
    }
    return `${manifest.blobs.length} blobs, ${formatBytes(total)}`;
  }

  /** Reads everything back from the disk. */
  async verify({ paths, site }: Board, { signal, progress }: StepContext): Promise<string> {
    const { manifest } = held(this.#signed);
    const target = held(this.#target);
    const trust = { keyFile: paths.siteKey, rotations: paths.rotations, site: site.name };
    const tell = (done: number, total: number) => progress(`${formatBytes(done)} of ${formatBytes(total)}`);
    try {
      await partitionMounted(placeOf(target, 'slotA'), 'read', paths.run, (root) =>
        checkSlot(root, trust, signal, tell),
      );
      await checkLoaders(target, manifest, signal);
    } catch (cause) {
      if (!(cause instanceof CpiabError)) throw cause;
      const subject = basename(target.disk.path);
      throw new CpiabError('E2170', { subject, args: [cause.subject], cause });
    }
    return 'all that was written reads back as the manifest says';
  }

  /** Makes the disk start, by one sector, and starts from it. */
  async restart({ paths }: Board, { signal, progress }: StepContext): Promise<string> {
    const { path } = held(this.#target).disk;
    const code = await readFile(join(paths.medium, medium.loader.boot));
    await writeFirstSector(path, startSector(held(this.#protective), code));
    progress(`${basename(path)} is complete; take the medium out when the machine starts`);
    await this.#machine.restart(signal);
    return `${basename(path)} starts from now on`;
  }
}

function held<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('an earlier step of the installation has not run');
  return value;
}
