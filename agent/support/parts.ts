import { readFile } from 'node:fs/promises';
import { redact, redactedJson } from '../../contract/redact.ts';
import { supportLimits } from '../../contract/support.ts';
import { timelineSvg } from '../../contract/timeline-svg.ts';
import { run } from '../../host/process.ts';
import type { DocumentSources } from '../api/documents.ts';
import type { KubeClient } from '../kube/client.ts';
import { exposition } from '../metrics/exposition.ts';
import { metricFamilies } from '../metrics/families.ts';

/** What the parts are made of. */
export interface SupportSources extends Omit<DocumentSources, 'certificate'> {
  kube: () => KubeClient | undefined;
}

/** One file of a support bundle; secrets are already out of what it gives. Undefined: there is nothing yet. */
export interface SupportPart {
  name: string;
  text(sources: SupportSources, signal: AbortSignal): Promise<string | undefined>;
}

const document = (value: unknown) => (value === undefined ? undefined : `${redactedJson(value, 1)}\n`);

const command = (name: string, argv: readonly string[]): SupportPart => ({
  name,
  text: async (_sources, signal) => {
    const { stdout, stderr } = await run(argv, {
      signal,
      timeoutMs: 30_000,
      maxOutput: 4 * supportLimits.file,
    });
    return redact(stdout + stderr);
  },
});

const file = (name: string, path: string): SupportPart => ({
  name,
  text: async () => redact(await readFile(path, 'utf8')),
});

const cluster = (name: string, path: string): SupportPart => ({
  name,
  text: async ({ kube }, signal) => document(await kube()?.get<unknown>(path, signal)),
});

/** Everything that is in a support bundle, what one looks at first coming first. No Secret and no ConfigMap is read. */
export const supportParts: readonly SupportPart[] = [
  { name: 'status.json', text: async ({ report }) => document(report.snapshot()) },
  { name: 'timeline.svg', text: async ({ report }) => timelineSvg(report.snapshot()) },
  { name: 'evidence.json', text: async ({ evidence }) => document(await evidence()) },
  { name: 'kustomizations.json', text: async ({ kustomizations }) => document(await kustomizations()) },
  { name: 'images.json', text: async ({ images }) => document(await images()) },
  {
    name: 'audit.json',
    text: async ({ audit }) => document(await audit()?.read(Math.max(0, (audit()?.size ?? 0) - 200))),
  },
  {
    name: 'metrics.txt',
    text: async ({ report, counters, audit }) =>
      exposition(
        metricFamilies({ status: report.snapshot(), counters, auditEntries: audit()?.size ?? null }),
      ),
  },
  cluster('events.json', '/api/v1/events?limit=500'),
  cluster('nodes.json', '/api/v1/nodes'),
  command('journal.txt', ['journalctl', '--boot', '--no-pager', '--output=short-iso', '--lines=20000']),
  command('units.txt', ['systemctl', 'list-units', '--all', '--no-pager', '--plain']),
  command('disk.txt', ['df', '-h']),
  command('network.txt', ['ip', '-brief', 'address']),
  command('processes.txt', ['busybox', 'ps', '-o', 'pid,ppid,user,rss,stat,comm']),
  file('memory.txt', '/proc/meminfo'),
  file('os-release.txt', '/etc/os-release'),
  file('kernel.txt', '/proc/version'),
  file('command-line.txt', '/proc/cmdline'),
  file('clock.txt', '/sys/devices/system/clocksource/clocksource0/current_clocksource'),
];
