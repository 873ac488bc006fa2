import type { ClosedWorld } from '../../builder/close/close.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

export function closeCommand(context: CliContext) {
  return command('close', 'prove that what Git can reach is in the bundle, and keeps the rules', [
    {
      line: 'cpiab close',
      does: 'every image and address that the committed tree leads to, or what is missing',
    },
    { line: 'cpiab close --plan', does: 'also show each image with the ways to it' },
    { line: 'cpiab close --sarif > close.sarif', does: 'findings for a code review tool' },
  ])
    .argument('[site]', 'which file of config/clusters', 'lab')
    .option('--plan', 'show each image with the ways to it', false)
    .option('--sarif', 'print findings as SARIF 2.1.0')
    .action(async (name, { plan, sarif: asSarif }) => {
      const world = await examine(context, name);
      const { images, charts, repositories, objects, findings, skipped } = world;
      if (asSarif) {
        const { sarif } = await import('../../builder/close/sarif.ts');
        process.stdout.write(`${JSON.stringify(sarif(findings, packageJson.version), null, 2)}\n`);
      } else {
        const told = findings.map((found) => found.toJSON());
        const parts = [...(plan && skipped === undefined ? [planTable(world)] : []), verdict(name, world)];
        context.print(
          { site: name, skipped, objects, images, charts, repositories, findings: told },
          parts.join('\n\n'),
        );
      }
      if (findings.length > 0) context.exitWith(3);
    });
}

/** What was found; where Git was not looked at, why. */
type Examined = ClosedWorld & { skipped?: string };

async function examine(context: CliContext, name: string): Promise<Examined> {
  const { readSite } = await import('../../builder/config/read-site.ts');
  const { readLock } = await import('../../builder/lock/read.ts');
  const { headOf } = await import('../../builder/bundle/head.ts');
  const { openBuildRoot } = await import('../../builder/fetch/build-root.ts');
  const { fetchKustomize } = await import('../../builder/fetch/tools.ts');
  const { chartFindings, examineWorld, toClose } = await import('../../builder/close/close.ts');
  const { ruleFindings } = await import('../../builder/close/rules.ts');
  const { buildHost } = await import('../build-host.ts');
  const host = buildHost(context);
  const site = await readSite(context.repository, name);
  const { lock } = await readLock(context.repository, site);
  const due = toClose(site);
  if ('skipped' in due) {
    const findings = await chartFindings(site, lock, host);
    return { ...due, images: [], charts: [], repositories: [], objects: 0, findings };
  }
  // Only what is committed counts, with or without changes beside it.
  const head = await headOf(context.repository, true, context.signal);
  const tools = await fetchKustomize(await openBuildRoot(site, lock, host), host);
  const world = await examineWorld({ ...due, lock, ...head, ...tools }, host);
  const rules = await ruleFindings({ ...due, ...head }, context.signal);
  return { ...world, findings: [...world.findings, ...rules] };
}

function planTable({ images, charts, repositories }: ClosedWorld): string {
  const rows = (name: string, ways: string[]) => ways.map((way, index) => [index === 0 ? name : '', way]);
  return table([
    ['image, chart or Git repository', 'reached by'],
    ...images.flatMap(({ image, ways }) => rows(image, ways)),
    ...charts.flatMap(({ chart, ways }) => rows(chart, ways)),
    ...repositories.flatMap(({ repository, ways }) => rows(repository, ways)),
  ]);
}

function verdict(site: string, { images, objects, findings, skipped }: Examined): string {
  if (findings.length === 0 && skipped !== undefined) return `skipped: ${skipped}`;
  if (findings.length === 0)
    return `closed: ${site} has ${objects} objects that name ${images.length} images, all in the bundle`;
  const count = `${findings.length} finding${findings.length === 1 ? '' : 's'}`;
  return [...findings.map((found) => found.toText()), `not closed: ${count}`].join('\n');
}
