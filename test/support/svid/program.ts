import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../../agent/until.ts';
import { svidAudience, svidConfigMap } from '../../../contract/svid.ts';
import { run } from '../../../host/process.ts';
import type { EnrollBox } from '../enroll/box.ts';
import type { KubeApi, TestPod } from './kube-api.ts';

/** A workload with the program `svid` beside it, and the volumes that kubelet would mount. */
export class Workload {
  readonly directory: string;
  /** What the program has said. */
  said = '';
  readonly #program: string;
  readonly #children: ChildProcess[] = [];

  constructor(program: string, directory: string) {
    this.#program = program;
    this.directory = directory;
  }

  static async of(program: string, directory: string, box: EnrollBox, api: KubeApi, pod: TestPod) {
    const workload = new Workload(program, directory);
    await mkdir(join(directory, 'box'), { recursive: true });
    await writeFile(join(directory, 'box', svidConfigMap.certificate), box.api.identity.certificate);
    await workload.setBox(box.address);
    await workload.setToken(await api.token(pod, svidAudience));
    return workload;
  }

  get files(): string {
    return join(this.directory, 'svid');
  }

  async setBox(address: string): Promise<void> {
    await writeFile(join(this.directory, 'box', svidConfigMap.address), address);
  }

  async setToken(token: string): Promise<void> {
    await writeFile(join(this.directory, 'token'), token);
  }

  keep(): ChildProcess {
    const { directory } = this;
    return this.#start(['keep', '--box', join(directory, 'box'), '--token', join(directory, 'token')]);
  }

  tunnel(kind: 'serve' | 'dial', listen: string, to: string, ...peers: string[]): ChildProcess {
    return this.#start([kind, '--listen', listen, '--to', to, ...peers.flatMap((peer) => ['--peer', peer])]);
  }

  async check(): Promise<boolean> {
    return await run([this.#program, 'check', '--dir', this.files]).then(
      () => true,
      () => false,
    );
  }

  async kept(): Promise<this> {
    this.keep();
    await until(() => this.check(), AbortSignal.timeout(30_000));
    return this;
  }

  async end(): Promise<void> {
    for (const child of this.#children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    )) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }

  #start([command = '', ...args]: readonly string[]): ChildProcess {
    const child = spawn(this.#program, [command, '--dir', this.files, ...args]);
    this.#children.push(child);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    return child;
  }
}
