import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstServer, registries } from '../../agent/engine/k3s/config.ts';
import { ensureAgentToken, k3sFiles, writeK3sFiles } from '../../agent/engine/k3s/files.ts';
import { k3s, ours } from '../../agent/engine/k3s/layout.ts';
import { requireWhole, saveCommand } from '../../agent/engine/k3s/state.ts';
import { createTokenCommand, secureToken } from '../../agent/engine/k3s/tokens.ts';
import { JoinMaterialSchema } from '../../contract/join-material.ts';
import { SiteSchema } from '../../contract/site.ts';
import { Machine } from '../support/cluster/machine.ts';
import { Switch } from '../support/cluster/switch.ts';
import type { Check } from './check.ts';

const ADDRESS = '10.99.0.21';
const START_SECONDS = 600;
const { network } = SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab' });
const self = {
  name: 'k3s-1',
  role: 'control-plane' as const,
  joins: false,
  address: ADDRESS,
  highlyAvailable: false,
};

/** A control plane from the files that the engine writes, in namespaces and without kubelet, and what the engine asks of it. */
export function checkServer(program: string, scratch: string): Check[] {
  const bridge = new Switch(`cpiab-${process.pid}`);
  let machine: Machine;
  const start = async () => {
    await bridge.open();
    machine = new Machine('k3s-1', await bridge.attach('k3s-1', ADDRESS), join(scratch, 'machine'));
    const config = { ...firstServer(network, self), 'disable-agent': true };
    await writeK3sFiles(k3sFiles('server', config, registries([])), machine.disk);
    await ensureAgentToken(machine.path(ours.agentToken));
    await machine.switchOn();
    await machine.run(['install', '-D', program, k3s.program]);
    const log = openSync(join(scratch, 'k3s.log'), 'w');
    const [nsenter = '', ...args] = machine.inside([k3s.program, 'server']);
    spawn(nsenter, args, { stdio: ['ignore', log, log] });
    const ready = [k3s.program, 'kubectl', '--kubeconfig', k3s.kubeconfig, 'get', '--raw', '/readyz'];
    const answers = async () =>
      await machine.run(ready).then(
        () => true,
        () => false,
      );
    await machine.waitFor(answers, START_SECONDS);
    return 'its API server is ready';
  };
  const snapshot = async () => {
    const directory = join(scratch, 'snapshots');
    await mkdir(directory);
    await machine.run(saveCommand(directory));
    const [name = ''] = await readdir(directory);
    await requireWhole(join(directory, name));
    return name;
  };
  const token = async () => {
    const { stdout } = await machine.run(createTokenCommand('node', 600_000));
    const made = secureToken(stdout.trim(), await readFile(machine.path(k3s.authority), 'utf8'));
    const common = {
      apiVersion: 'cpiab.dev/v1',
      kind: 'JoinMaterial',
      engine: 'k3s',
      role: 'agent',
      node: 'node',
    };
    JoinMaterialSchema.parse({ ...common, servers: [ADDRESS], token: made });
    const own = (await readFile(machine.path(k3s.token), 'utf8')).slice(0, 67);
    if (!made.startsWith(own)) throw new Error("it does not begin as the server's own does");
    return `${made.slice(0, 11)}…`;
  };
  const end = async () => {
    await machine.switchOff();
    await bridge.close();
    return 'nothing is left';
  };
  return [
    ['k3s server takes the files of the engine', start],
    ['a snapshot is taken, and is whole', snapshot],
    ["a token has the hash of the cluster's authority", token],
    ['the machine ends', end],
  ];
}
