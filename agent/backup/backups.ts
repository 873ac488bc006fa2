import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupManifest, type BackupRecord, stateVersion } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, digestOf } from '../../contract/manifest.ts';
import { encryptAge } from '../../host/age/age.ts';
import { parseRecipient } from '../../host/age/keys.ts';
import { packBackup } from '../../host/backup/archive.ts';
import type { SignedManifest } from '../../host/cargo/papers.ts';
import type { Board } from '../board.ts';
import { Inbox } from '../update/inbox.ts';
import type { Landing } from './land.ts';
import { backupContent } from './members.ts';
import { ownState } from './own-state.ts';
import { stageRestore } from './stage.ts';
import { BackupStore } from './store.ts';
import { type Untar, untarHere } from './tar.ts';

interface Asked {
  /** `age1…`. */
  recipients: readonly string[];
  scheduled: boolean;
  contents?: BackupManifest['contents'];
}

/** Makes and takes back backups of this box, one at a time. */
export class Backups {
  readonly store: BackupStore;
  /** For a cargo that is brought. */
  readonly inbox: Inbox;
  readonly #board: Board;
  /** Milliseconds since the epoch. */
  readonly #wall: () => number;
  readonly #untar: Untar;
  #busy = false;

  constructor(board: Board, wall: () => number, untar: Untar = untarHere) {
    this.#board = board;
    this.#wall = wall;
    this.#untar = untar;
    this.store = new BackupStore(board.paths.backups);
    this.inbox = new Inbox(board.paths.cargo);
  }

  /** @throws CpiabError E5402, E5406, E5110. */
  create(asked: Asked, signal: AbortSignal): Promise<BackupRecord> {
    return this.#alone(() => this.#create(asked, signal));
  }

  /**
   * Stages a restore; the next start of the agent puts it in place.
   * @param replace this box's identifier, where its own state may go.
   * @throws CpiabError E2180, E5402…E5406; nothing was changed then.
   */
  restore(
    archive: AsyncIterable<Uint8Array>,
    replace: string | null,
    signal: AbortSignal,
  ): Promise<BackupManifest> {
    return this.#alone(() => this.#restore(archive, replace, null, signal));
  }

  /**
   * Stages what was brought of a cargo, like a restore. The box stays who it is.
   * @param signed whose signature has verified by the key that the operator trusts.
   * @param replace this box's identifier, where its own state may go.
   * @throws CpiabError E2103 for an archive that was not signed, E2180, E2191…E2194, E5402…E5406; nothing was changed then.
   */
  land(
    digest: Digest,
    signed: SignedManifest,
    replace: string | null,
    signal: AbortSignal,
  ): Promise<BackupManifest> {
    return this.#alone(async () => {
      const { id: boxId, fingerprint } = this.#board.report.snapshot().box;
      const landing = { signed, receiver: { boxId, fingerprint }, now: this.#wall() };
      const { sha256, size } = signed.manifest.archive;
      if (digestOf(sha256) !== digest) throw new CpiabError('E2103', { subject: 'cargo' });
      if ((await this.inbox.received(digest)) !== size)
        throw new CpiabError('E2180', { subject: 'cargo', args: ['not all of it was brought'] });
      const manifest = await this.#restore(this.inbox.read(digest), replace, landing, signal);
      await this.inbox.empty();
      return manifest;
    });
  }

  async #create({ recipients, scheduled, contents }: Asked, signal: AbortSignal): Promise<BackupRecord> {
    const { report, paths, site } = this.#board;
    const { engine, git, manifest } = this.#started();
    if (contents === 'cargo' && site.engine.kind === 'k3s')
      throw new CpiabError('E5403', { subject: 'cargo', args: ['k3s keeps its authorities in its store'] });
    const { box } = report.snapshot();
    const created = new Date(this.#wall()).toISOString();
    const { id: gitHead } = await git.head(signal);
    const head = {
      stateVersion,
      site: site.name,
      boxId: box.id,
      fingerprint: box.fingerprint,
      engine: { kind: site.engine.kind, version: site.engine.version },
      bundle: { sequence: manifest.sequence, revision: manifest.revision },
      gitHead,
      created,
      ...(contents === undefined ? {} : { contents }),
    };
    const scratch = join(paths.backups, 'scratch');
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    try {
      const content = backupContent({ state: paths.state, engine, git }, scratch, signal, contents);
      const keys = recipients.map(parseRecipient).filter((one) => one !== null);
      const name = `${site.name}-${created.replace(/\D/g, '').slice(0, 17)}.age`;
      const about = { name, created, gitHead, recipients: [...recipients], scheduled };
      return await this.store.write(about, encryptAge(packBackup(content, head), keys), signal);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  async #restore(
    archive: AsyncIterable<Uint8Array>,
    replace: string | null,
    landing: Landing | null,
    signal: AbortSignal,
  ): Promise<BackupManifest> {
    const { report, paths, site } = this.#board;
    const { box } = report.snapshot();
    const { engine, git, manifest } = this.#started();
    if (box.state === 'memory') throw new CpiabError('E5405', { subject: `box ${box.id}` });
    const own = await ownState(paths.state, git, manifest, signal);
    if (own.length > 0 && replace !== box.id)
      throw new CpiabError('E5404', { subject: `box ${box.id}`, args: [own.join(' and '), box.id] });
    const { sequence } = manifest;
    const checkSnapshot = engine.checkSnapshot.bind(engine);
    const fit = { site: site.name, engine: site.engine, sequence, checkSnapshot, landing };
    return await stageRestore(paths.state, archive, fit, signal, this.#untar);
  }

  #started() {
    const { report } = this.#board;
    const [engine, git, manifest] = [
      this.#board.peek('engine'),
      this.#board.peek('git'),
      this.#board.peek('manifest'),
    ];
    if (engine !== undefined && git !== undefined && manifest !== undefined) return { engine, git, manifest };
    throw new CpiabError('E5406', { subject: `box ${report.snapshot().box.id}`, args: ['its engine'] });
  }

  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#busy) throw new CpiabError('E5402', { subject: `box ${this.#board.report.snapshot().box.id}` });
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}
