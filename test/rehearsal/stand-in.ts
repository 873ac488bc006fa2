import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { isRecord, recordsIn } from '../../policy/closed/object.ts';
import type { Container } from '../../policy/rules/pod-specs.ts';

/** What a published image has to answer, as the containers say that run it. */
export interface Answers {
  ports: number[];
  /** Paths that probes get. */
  paths: string[];
  /** Programs that probes run. */
  programs: string[];
}

/** Reads the probes of all containers of an image. */
export function answersOf(containers: readonly Container[]): Answers {
  const all = containers.map(({ content }) => content);
  const ports = all.flatMap(({ ports }) =>
    recordsIn(ports).map(({ containerPort }) => Number(containerPort)),
  );
  const names = ['startupProbe', 'readinessProbe', 'livenessProbe'];
  const probes = all.flatMap((content) => recordsIn(names.map((name) => content[name])));
  const paths = probes.flatMap(({ httpGet }) => (isRecord(httpGet) ? String(httpGet['path'] ?? '/') : []));
  const programs = probes.flatMap(({ exec }) => programOf(exec));
  return { ports: unique(ports), paths: unique(paths), programs: unique(programs) };
}

/** The one layer of a stand-in: BusyBox, which serves each path at each port, and `/`, whatever it is started with. */
export async function standInLayer({ ports, paths, programs }: Answers, busybox: Buffer): Promise<Buffer> {
  const archive = pack();
  const put = (name: string, content: Buffer | string, mode = 0o644) =>
    archive.entry({ name, mode }, content);
  put('bin/busybox', busybox, 0o755);
  archive.entry({ name: 'bin/sh', type: 'symlink', linkname: 'busybox' });
  for (const program of programs) put(`bin/${program}`, '#!/bin/sh\nexit 0\n', 0o755);
  put('www/index.html', 'stands in\n');
  for (const path of paths.filter((path) => path !== '/'))
    put(posix.join('www', path.endsWith('/') ? `${path}index.html` : path), 'stands in\n');
  put('stand-in', startOf(ports), 0o755);
  archive.finalize();
  return await buffer(archive);
}

const startOf = (ports: readonly number[]) =>
  [
    '#!/bin/sh',
    'trap exit TERM',
    ...ports.map((port) => `busybox httpd -f -p ${port} -h /www &`),
    'wait',
    '',
  ].join('\n');

function programOf(exec: unknown): string[] {
  const command: unknown = isRecord(exec) ? exec['command'] : undefined;
  return Array.isArray(command) ? [String(command[0])] : [];
}

const unique = <Item>(items: readonly Item[]): Item[] => [...new Set(items)].toSorted();
