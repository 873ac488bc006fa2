import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Expander } from '../../../agent/expand/expander.ts';
import type { KubeClient } from '../../../agent/kube/client.ts';
import type { AuditEvent } from '../../../contract/audit-log.ts';
import { NodesPolicySchema } from '../../../contract/node-pools.ts';
import { removeTree } from '../remove-tree.ts';
import type { World } from './world.ts';

export const who = { name: 'alice', fingerprint: 'f', role: 'operator' } as const;
const { signal } = new AbortController();
export const moves = [{ namespace: 'web', selector: { app: 'web' } }];

function poolsWith(expand: object) {
  return NodesPolicySchema.parse({
    pools: [
      {
        name: 'workers',
        match: { names: ['worker-*'] },
        expand: { moves, progressDeadlineSeconds: 60, ...expand },
      },
    ],
  }).pools;
}

/** A box whose agent may be killed at a moment: then nothing of it is left but what is on its disk. */
export class Lab {
  readonly world: World;
  readonly audited: AuditEvent[] = [];
  readonly file: string;
  expander!: Expander;
  /** Seconds that only grow. */
  seconds = 0;
  shown: unknown;
  /** So many more moments pass before the agent is killed. */
  moments = Number.POSITIVE_INFINITY;
  readonly #expand: object;

  constructor(world: World, file: string, expand: object) {
    this.world = world;
    this.file = file;
    this.#expand = expand;
  }

  static async open(world: World, expand: object = {}): Promise<Lab> {
    const directory = await mkdtemp(join(tmpdir(), 'cpiab-expand-'));
    onTestFinished(() => removeTree(directory));
    const lab = new Lab(world, join(directory, 'expansion.json'), expand);
    await lab.start();
    return lab;
  }

  async start(): Promise<void> {
    const { world } = this;
    const record = async (event: AuditEvent) => {
      this.#pass();
      this.audited.push(event);
      this.#pass();
      return {} as never;
    };
    const approve: typeof world.enrollment.approve = async (asked) => {
      this.#pass();
      await world.enrollment.approve(asked);
      this.#pass();
    };
    this.expander = await Expander.open({
      ...{ file: this.file, pools: poolsWith(this.#expand), inventory: () => undefined, audit: { record } },
      enrollment: { list: world.enrollment.list, approve },
      report: { observe: ({ expansion }) => this.#show(expansion), lasting: () => {} },
      clock: { wall: () => 0, uptime: () => this.seconds * 1000 },
    });
  }

  async approve(): Promise<void> {
    const { digest } = await this.expander.plan(this.world.kube, null);
    await this.expander.approve(this.world.kube, digest, who, '');
  }

  /** Lets time pass until nothing is under way; a killed agent starts again. @returns how often it was killed. */
  async run(most = 200): Promise<number> {
    let kills = 0;
    for (let count = 0; count < most && this.expander.isActive; count++) {
      this.seconds += 5;
      try {
        await this.expander.turn(this.#kube(), signal);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        kills++;
        this.moments = Number.POSITIVE_INFINITY;
        await this.start();
      }
      this.world.tick();
    }
    return kills;
  }

  get state() {
    return this.expander.status().expansion?.state;
  }

  /** An eviction may be the last that it does. */
  #kube(): KubeClient {
    const { kube } = this.world;
    const post: KubeClient['post'] = async (...asked) => {
      this.#pass();
      const answer = await kube.post(...asked);
      this.#pass();
      return answer;
    };
    return { ...kube, post } as KubeClient;
  }

  /** It is told after it was written down. */
  #show(expansion: unknown): void {
    this.shown = expansion;
    this.#pass();
  }

  #pass(): void {
    this.moments--;
    if (this.moments < 0) throw new Killed();
  }
}

class Killed extends Error {}
