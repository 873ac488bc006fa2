import { join } from 'node:path';
import { apiIdentity } from '../../agent/api/identity.ts';
import { box as layout } from '../../contract/layout.ts';
import type { BoxName, BoxPlace } from '../boxes.ts';
import type { PlacedHost, World } from '../world.ts';
import { startBox, stopProgram } from './programs.ts';

/** A box that is the agent's own API, enrolment, Git and discovery, in its host's namespace. */
export class NetnsBox implements BoxPlace {
  readonly #world: World;
  readonly #host: PlacedHost;
  readonly #boxId: string;
  readonly #repository: string;

  constructor(world: World, host: PlacedHost, boxId: string, repository: string) {
    this.#world = world;
    this.#host = host;
    this.#boxId = boxId;
    this.#repository = repository;
  }

  async named(): Promise<BoxName> {
    const keys = join(this.#world.directory(this.#host), layout.tls);
    const { fingerprint } = await apiIdentity(keys, [this.#host.address]);
    return { boxId: this.#boxId, fingerprint };
  }

  async start(makeGitBundle: () => Promise<string>): Promise<void> {
    const gitBundle = await makeGitBundle();
    await startBox(this.#world, this.#host, 'box', {
      ...{ repository: this.#repository, gitBundle, site: this.#world.scenario.site, id: this.#boxId },
      directory: this.#world.directory(this.#host),
      operatorCa: join(this.#world.secrets, `${this.#host.bank}-operator-ca.crt`),
    });
  }

  async stop(): Promise<void> {
    await stopProgram(this.#world, this.#host);
  }
}
