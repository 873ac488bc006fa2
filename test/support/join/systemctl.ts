#!/usr/bin/env -S node --no-warnings
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * As much of systemctl(1) as a node's agent and kubeadm ask for, in a machine without systemd: it starts what the image's
 * own unit files say, found by its name on PATH, and ends it.
 */
const units = join(import.meta.dirname, '..', '..', '..', 'agent', 'files', 'etc', 'systemd', 'system');
const memory = '/run/units';
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const [verb = '', ...names] = words;
mkdirSync(memory, { recursive: true });

const actions: Record<string, (unit: string) => void> = {
  start,
  restart,
  stop,
  kill: stop,
  'is-active': isActive,
};
for (const name of names) actions[verb]?.(name.replace(/(?:\.service)?$/, '.service'));

/** What a unit file says, by its keys. */
type Settings = (key: string) => string[];

function start(unit: string): void {
  if (runs(unit)) return;
  const lines = readFileSync(join(units, unit), 'utf8').split('\n');
  const found = lines.map((line) => /^(\w+)=(.*)$/.exec(line)).filter((match) => match !== null);
  const all: Settings = (key) => found.filter((match) => match[1] === key).map((match) => match[2] ?? '');
  const env = environment(all);
  const expanded = (all('ExecStart')[0] ?? '').replace(/\$(\w+)/g, (_, name: string) => env[name] ?? '');
  const [program = '', ...args] = expanded.split(' ').filter((word) => word !== '');
  for (const name of all('RuntimeDirectory')) mkdirSync(join('/run', name), { recursive: true });
  const log = openSync(all('StandardOutput')[0]?.replace(/^\w+:/, '') ?? join(memory, `${unit}.log`), 'a');
  const isOneshot = all('Type').includes('oneshot');
  const child = spawn(basename(program), args, { stdio: ['ignore', log, log], env, detached: !isOneshot });
  writeFileSync(pidFile(unit), String(child.pid));
  if (!isOneshot) child.unref();
  else
    child.once('exit', (status) => {
      rmSync(pidFile(unit), { force: true });
      process.exitCode = status ?? 1;
    });
}

function environment(all: Settings): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const text of all('Environment'))
    for (const one of text.startsWith('"') ? [text.slice(1, -1)] : text.split(' ')) assign(env, one);
  for (const path of all('EnvironmentFile'))
    for (const line of textOf(path.replace(/^-/, '')).split('\n')) assign(env, line);
  return { ...env, PATH: process.env['PATH'] };
}

function restart(unit: string): void {
  stop(unit);
  start(unit);
}

function stop(unit: string): void {
  if (!runs(unit)) return;
  const pid = Number(textOf(pidFile(unit)));
  process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${pid}`) && !textOf(`/proc/${pid}/stat`).includes(') Z '))
    spawnSync('sleep', ['0.1']);
  rmSync(pidFile(unit), { force: true });
}

function isActive(unit: string): void {
  process.exitCode = runs(unit) ? 0 : 3;
}

function runs(unit: string): boolean {
  const pid = textOf(pidFile(unit));
  return pid !== '' && existsSync(`/proc/${pid}`) && !textOf(`/proc/${pid}/stat`).includes(') Z ');
}

function assign(env: NodeJS.ProcessEnv, text: string): void {
  const [, name, value = ''] = /^(\w+)=(.*)$/.exec(text) ?? [];
  if (name !== undefined) env[name] = value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1');
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function pidFile(unit: string): string {
  return join(memory, `${unit}.pid`);
}
