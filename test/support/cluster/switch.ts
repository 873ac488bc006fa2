import { existsSync } from 'node:fs';
import { run } from '../../../host/process.ts';

/** Network namespaces on one bridge, which itself lies in a namespace: nothing of the host's network changes. */
export class Switch {
  readonly #prefix: string;
  readonly #names: string[] = [];

  /** @param prefix of the namespaces' names; unique on this host. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  async open(): Promise<void> {
    await sweep();
    const name = await this.#add('switch');
    await run(['ip', '-n', name, 'link', 'add', 'br0', 'type', 'bridge']);
    await run(['ip', '-n', name, 'link', 'set', 'br0', 'up']);
  }

  /** A namespace with an address on the bridge. @param length of its network's prefix. @returns its name. */
  async attach(node: string, address: string, length = 24): Promise<string> {
    const [name, bridge] = [await this.#add(node), this.#named('switch')];
    const peer = ['peer', 'name', 'eth0', 'netns', name];
    await run(['ip', '-n', bridge, 'link', 'add', node, 'type', 'veth', ...peer]);
    await run(['ip', '-n', bridge, 'link', 'set', node, 'master', 'br0', 'up']);
    await run(['ip', '-n', name, 'address', 'add', `${address}/${length}`, 'dev', 'eth0']);
    for (const link of ['lo', 'eth0']) await run(['ip', '-n', name, 'link', 'set', link, 'up']);
    return name;
  }

  /** Pulls a node's cable, or puts it in again: what is sent meanwhile is lost and nobody is told. */
  async cable(node: string, state: 'up' | 'down'): Promise<void> {
    await run(['ip', '-n', this.#named('switch'), 'link', 'set', node, state]);
  }

  async close(): Promise<void> {
    for (const name of this.#names.splice(0)) await run(['ip', 'netns', 'delete', name]).catch(() => {});
  }

  #named(node: string): string {
    return `${this.#prefix}-${node}`;
  }

  async #add(node: string): Promise<string> {
    const name = this.#named(node);
    await run(['ip', 'netns', 'add', name]);
    this.#names.push(name);
    return name;
  }
}

/** Takes away what a run left that was killed: its process is in the name. */
async function sweep(): Promise<void> {
  for (const line of (await run(['ip', 'netns', 'list'])).stdout.split('\n')) {
    const [name = '', pid] = /^cpiab-(\d+)-\S+/.exec(line) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await run(['ip', 'netns', 'delete', name]);
  }
}
