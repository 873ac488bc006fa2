import { resolve } from 'node:path';
import type { BuildReport } from '../../contract/build-report.ts';
import { type MediaKind, mediaKinds } from '../../contract/media.ts';
import { formatBytes, formatDuration } from '../../contract/units.ts';
import { byteSize, command, listOf } from '../command.ts';
import type { CliContext } from '../context.ts';
import { planText } from '../preflight-text.ts';
import { table } from '../table.ts';

export function buildCommand(context: CliContext) {
  return command('build', 'build a site: bundle and media, signed', [
    { line: 'cpiab build', does: 'site lab into dist/lab/' },
    { line: 'cpiab build lab --only iso', does: 'the bundle and the ISO alone' },
    { line: 'cpiab build --plan', does: 'only look whether it can go well here, and how long it will take' },
    { line: 'cpiab build --frozen --json', does: 'fail rather than lock anything anew; report as JSON' },
  ])
    .argument('[site]', 'which file of config/clusters', 'lab')
    .option('--out <dir>', 'where the artifacts go (default: dist/<site>)')
    .option(
      '--from <dir>',
      'take published images, charts and files from this folder, and ask no host for them',
    )
    .option('--plan', 'do nothing but the look before the work; exit status 4 when it cannot go well', false)
    .option('--frozen', 'stop when the lock no longer holds', false)
    .option('--dirty', 'build although the work tree has uncommitted changes; the bundle is marked', false)
    .option('--only <kinds>', `media to write beside the bundle: ${mediaKinds.join(',')},bundle`, onlyKinds)
    .option('--previous <manifest>', 'manifest.json of the bundle that this one follows; it will name it')
    .option('--volume-size <size>', 'also split each medium into volumes of at most so many bytes', byteSize)
    .action(async (site, { out, from, plan, frozen, dirty, ...optional }) => {
      const { build } = await import('../../builder/pipeline.ts');
      const { planBuild } = await import('../../builder/preflight/stage.ts');
      const { buildHost } = await import('../build-host.ts');
      const host = { ...buildHost(context), ...(from === undefined ? {} : { from: resolve(from) }) };
      const options = {
        site,
        out: resolve(out ?? `dist/${site}`),
        frozen,
        dirty,
        ...given(optional),
      };
      if (plan) {
        const found = await planBuild(options, host);
        if (!found.ready) context.exitWith(4);
        return context.print(found, planText(found));
      }
      const report = await build(options, host);
      context.print(report, summary(report, options.out));
    });
}

interface Optional {
  only?: MediaKind[] | undefined;
  previous?: string | undefined;
  volumeSize?: number | undefined;
}

/** Those that somebody has given: the builder takes what isn't there as not said. */
function given({ only, previous, volumeSize }: Optional) {
  return {
    ...(only === undefined ? {} : { only }),
    ...(previous === undefined ? {} : { previous }),
    ...(volumeSize === undefined ? {} : { volumeSize }),
  };
}

/** The bundle is always written: asking for it alone is asking for no media. */
function onlyKinds(text: string) {
  return listOf([...mediaKinds, 'bundle'])(text).filter((kind) => kind !== 'bundle');
}

/** What lies beside a medium: named in the report and in SHA256SUMS, of no interest to who reads this. */
const COMPANION = /\.(?:minisig|chunks\.json)$/;

function summary(report: BuildReport, out: string): string {
  const rows = report.artifacts
    .filter(({ name }) => !COMPANION.test(name))
    .map(({ name, size, digest, tookMs }) => [
      name,
      formatBytes(size),
      `${digest.slice(0, 'sha256:'.length + 12)}…`,
      formatDuration(tookMs),
    ]);
  const took = report.stages.reduce((sum, { tookMs }) => sum + tookMs, 0);
  const end = report.unchanged ? 'nothing changed' : `built in ${formatDuration(took)}`;
  return `${table([['artifact', 'size', 'digest', 'time'], ...rows])}\n${report.site} ${report.revision}: ${end}, in ${out}`;
}
