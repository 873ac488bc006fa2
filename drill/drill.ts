import { join } from 'node:path';
import type { SiteKey } from '../builder/bundle/minisign.ts';
import type { BankName, Scenario } from '../contract/drill/scenario.ts';
import { BankBox, type BoxPlace } from './boxes.ts';
import { Database } from './database/database.ts';
import type { Journal } from './journal.ts';
import { NetnsBox } from './netns/box-place.ts';
import { VirtualBox } from './qemu/virtual-box.ts';
import { readSecrets, type Secrets } from './secrets.ts';
import type { World } from './world.ts';

/** What begins and goes on with a drill. */
export interface DrillParts {
  world: World;
  journal: Journal;
  /** Of CPiaB itself, with the site's Git. */
  repository: string;
  /** Signs cargo and report. */
  key: SiteKey;
  /** Text of its public half. */
  publicKey: string;
  signal: AbortSignal;
}

/** What the steps of a drill work with. Its secrets are read when the first step has made them. */
export class Drill {
  readonly world: World;
  readonly journal: Journal;
  readonly repository: string;
  readonly key: SiteKey;
  readonly publicKey: string;
  readonly signal: AbortSignal;
  #secrets: Secrets | undefined;
  readonly #databases = new Map<BankName, Database>();
  readonly #boxes = new Map<BankName, BankBox>();

  constructor({ world, journal, repository, key, publicKey, signal }: DrillParts) {
    this.world = world;
    this.journal = journal;
    this.repository = repository;
    this.key = key;
    this.publicKey = publicKey;
    this.signal = signal;
  }

  get scenario(): Scenario {
    return this.world.scenario;
  }

  async secrets(): Promise<Secrets> {
    this.#secrets ??= await readSecrets(this.world);
    return this.#secrets;
  }

  async database(bank: BankName): Promise<Database> {
    const { passwords } = await this.secrets();
    const known = this.#databases.get(bank);
    const database = known ?? new Database(this.world, this.world.host(bank, 'database'), passwords);
    this.#databases.set(bank, database);
    return database;
  }

  async box(bank: BankName): Promise<BankBox> {
    const secrets = await this.secrets();
    const box = this.#boxes.get(bank) ?? new BankBox(this.world, bank, secrets, this.#place(bank, secrets));
    this.#boxes.set(bank, box);
    return box;
  }

  #place(bank: BankName, { banks }: Secrets): BoxPlace {
    const { world, repository } = this;
    if (world.substrate === 'qemu') return new VirtualBox(this, bank);
    return new NetnsBox(world, world.host(bank, 'box'), banks[bank].boxId, repository);
  }

  /** Sealed cargo in the bank that it leaves, and as it has arrived. */
  cargo(bank: BankName): string {
    return join(this.world.directory(this.world.host(bank, 'box')), 'cargo');
  }

  /** Ends what this process asks with; all that belongs to the banks goes on. */
  leave(): void {
    for (const box of this.#boxes.values()) box.leave();
  }
}
