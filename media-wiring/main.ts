#!/usr/bin/node
import { parseArgs } from 'node:util';
import { readConfig } from './config.ts';
import { linesOf } from './lines.ts';
import { readSecrets } from './secrets.ts';
import { serve } from './serve.ts';
import { type Report, wireAll } from './wire.ts';

const USAGE = `media-wiring once    changes what differs from the config; exit status 1 unless every app is as declared
media-wiring serve   does so for as long as it runs; GET /report tells the last pass
  --config FILE --secrets DIRECTORY --port N --json
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: 'string', default: '/etc/media-wiring/config.yaml' },
    secrets: { type: 'string', default: '/secrets' },
    port: { type: 'string', default: '8090' },
    json: { type: 'boolean', default: false },
  },
});

const pass = async (): Promise<Report> =>
  await wireAll(await readConfig(values.config), await readSecrets(values.secrets));

const write = (report: Report) => {
  const lines = values.json ? [JSON.stringify(report)] : linesOf(report);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
};

/** The same trouble is told once. */
function teller(): (report: Report) => void {
  let told = '';
  return (report) => {
    const now = JSON.stringify(report.apps);
    if (now !== told && !report.settled) write(report);
    told = now;
  };
}

const commands: Record<string, () => Promise<void>> = {
  once: async () => {
    const report = await pass();
    write(report);
    if (report.apps.some(({ state }) => state !== 'wired')) process.exitCode = 1;
  },
  serve: async () => {
    const ended = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.abort());
    await serve({ port: Number(values.port), pass, tell: teller(), signal: ended.signal });
  },
};

const work = commands[positionals[0] ?? ''];
if (work === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await work().catch((error: unknown) => {
    process.stderr.write(`media-wiring: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  });
}
