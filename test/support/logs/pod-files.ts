import { appendFile, chmod, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that a container runtime keeps of what one container writes. Source: Kubernetes' CRI logging design. */
export class PodFiles {
  readonly directory: string;
  #lines = 0;
  #turned = 0;

  /** @param pods stands for `/var/log/pods`. */
  constructor(
    pods: string,
    { namespace, pod, container }: { namespace: string; pod: string; container: string },
  ) {
    this.directory = join(pods, `${namespace}_${pod}_0b5e7f0a-6a4e-4b0e-9d6e-0123456789ab`, container);
  }

  /** A line, or a part of one: runtimes cut at 16 KiB and mark all parts but the last with `P`. */
  async write(text: string, { stream = 'stdout', tag = 'F', file = '0.log' } = {}): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o750 });
    const path = join(this.directory, file);
    // Each line has its own nanosecond.
    const time = new Date().toISOString().replace('Z', `${String(this.#lines++).padStart(6, '0')}Z`);
    await appendFile(path, `${time} ${stream} ${tag} ${text}\n`);
    await chmod(path, 0o640);
  }

  /** As the kubelet turns a file away; the runtime opens a new one when it is told to. @returns its name now. */
  async turn(): Promise<string> {
    const name = `0.log.20261122-1000${String(this.#turned++).padStart(2, '0')}`;
    await rename(join(this.directory, '0.log'), join(this.directory, name));
    return name;
  }
}
