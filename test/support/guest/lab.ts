import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { until } from '../../../agent/until.ts';
import type { EnrolledNode } from '../../../contract/enroll.ts';
import { run } from '../../../host/process.ts';
import { JoinLab } from '../join/lab.ts';
import { removeTree } from '../remove-tree.ts';
import { Guest, type Run } from './guest.ts';

export const repository = dirname(dirname(dirname(import.meta.dirname)));

/** A box that serves a bundle of this tree, and a stock Debian beside it that is to become `guest-1`. */
export class GuestLab {
  readonly box = new JoinLab();
  scratch = '';
  guest!: Guest;

  async open(): Promise<void> {
    this.scratch = await mkdtemp(join(tmpdir(), 'cpiab-guest-'));
    const out = join(this.scratch, 'dist');
    const build = ['cli/main.ts', 'build', 'lab', '--only', 'bundle', '--dirty', '--out', out];
    await run([process.execPath, ...build], { cwd: repository });
    await this.box.open(join(out, 'bundle'));
    this.guest = await Guest.of(this.box, 'guest-1', '10.99.0.31', join(this.scratch, 'guest-1'));
  }

  async close(): Promise<void> {
    await this.guest?.close();
    await this.box.close();
    await removeTree(this.scratch);
  }

  async invite(): Promise<string> {
    return (await this.box.box<{ invitation: string }>('invite guest-1')).invitation;
  }

  /** What the box knows of it. */
  async node(): Promise<EnrolledNode | undefined> {
    return (await this.box.box<EnrolledNode[]>('nodes')).find(({ name }) => name === 'guest-1');
  }

  /** What a shell on the machine prints. */
  inside(script: string): Promise<string> {
    return this.guest.machine.sh(script);
  }

  /** Approves it when it asks, and waits for the end of its join. */
  async approved(join: Run): Promise<void> {
    await soon(() => join.said('waiting for approval; key ') || join.status !== null);
    await this.box.box('approve guest-1');
    await join.ended;
  }
}

export const soon = (what: () => Promise<boolean> | boolean) => until(what, AbortSignal.timeout(180_000));
