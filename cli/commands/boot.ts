import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { CpiabError } from '../../contract/errors.ts';
import { type MediaKind, mediaFile } from '../../contract/media.ts';
import { formatBytes } from '../../contract/units.ts';
import { firmwares } from '../../host/qemu/arguments.ts';
import type { BootReport } from '../box/boot.ts';
import { timelineBars } from '../box/timeline-bars.ts';
import { command, type Example, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

const examples: readonly Example[] = [
  { line: 'cpiab boot', does: 'boot site lab, show how it gets on, end it with Ctrl-C' },
  {
    line: 'cpiab boot --wait converged',
    does: 'boot site lab, wait until all of Git is applied, end the machine',
  },
  {
    line: 'cpiab boot lab --wait converged --keep',
    does: 'the same, and leave it running for status, git and kubectl',
  },
  {
    line: 'cpiab boot cpiab-lab.iso --firmware uefi --disk data.raw',
    does: 'an ISO, by UEFI, with a data disk',
  },
  {
    line: 'cpiab boot lab --install --disk box.raw',
    does: 'site lab, installed to a new disk and started from it; later from the same disk again',
  },
  { line: 'cpiab boot --seed rack-7.yaml', does: 'site lab, with the name and address of one machine' },
  {
    line: 'cpiab boot cpiab-lab.qcow2 --firmware secure-boot',
    does: "a disk image, by a UEFI that starts only what Microsoft's keys vouch for",
  },
];

export function bootCommand(context: CliContext) {
  return command('boot', 'boot a box in a virtual machine that reaches no network', examples)
    .argument('[site-or-file]', 'a site that was built, or the path of an ISO or disk image', 'lab')
    .addOption(
      new Option(
        '--wait <milestone>',
        'how far the box must come (default: it serves Git and images)',
      ).choices(['converged'] as const),
    )
    .option('--timeout <seconds>', 'how long it may take', wholeNumber(1, 86_400), 900)
    .addOption(
      new Option('--firmware <kind>', 'what starts the boot loader')
        .choices(firmwares)
        .default('bios' as const),
    )
    .option('--memory <megabytes>', "the machine's memory", wholeNumber(1024, 1_048_576), 4096)
    .option(
      '--disk <file>',
      'keeps what the box writes, made when it is not there (default: it is forgotten)',
    )
    .option('--seed <file>', "the machine's seed: name, network, how it installs")
    .option('--tpm <directory>', 'give it a TPM 2.0 in software, which keeps its keys there')
    .option('--install', 'let an ISO install itself to --disk, then start from that disk without it', false)
    .option('--keep', 'leave the machine running', false)
    .action(async (what, { wait, disk, tpm, seed = null, ...options }) => {
      const { boot } = await import('../box/boot.ts');
      const medium = await mediumOf(what, context.repository);
      await boot(
        {
          ...options,
          medium,
          until: wait ?? 'served',
          disk: disk === undefined ? null : resolve(disk),
          tpm: tpm === undefined ? null : resolve(tpm),
          seed,
        },
        context,
        (report) => context.print(report, summary(report, options.keep)),
      );
    });
}

/** What a machine boots, by the kinds of media, in the order in which one is looked for. */
const BOOTABLE = ['iso', 'qcow2', 'raw'] as const satisfies readonly MediaKind[];

/** The file itself, or what of a site in dist/ boots. @throws CpiabError E1006, E1015, E1074. */
async function mediumOf(what: string, repository: string): Promise<string> {
  const isFile = await stat(what).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return resolve(what);
  if (/[./]/.test(what)) throw new CpiabError('E1006', { subject: what });
  for (const kind of BOOTABLE) {
    const built = join(repository, 'dist', what, mediaFile[kind](what));
    if (await stat(built).catch(() => null)) return built;
  }
  throw await nothingBuilt(what, repository);
}

/** Whether a build would help, or the site makes nothing that boots. */
async function nothingBuilt(name: string, repository: string): Promise<CpiabError> {
  const { readSite } = await import('../../builder/config/read-site.ts');
  const { mediaOf, whyNoBox } = await import('../../contract/site.ts');
  const site = await readSite(repository, name).catch((cause: unknown) => {
    if (!(cause instanceof CpiabError) || cause.code !== 'E1009') throw cause;
    return null;
  });
  if (site === null) return new CpiabError('E1015', { subject: name });
  const unbootable = (why: string, way: string) =>
    new CpiabError('E1074', { subject: name, args: [why, way] });
  const noBox = whyNoBox(site);
  if (noBox !== null)
    return unbootable(
      noBox,
      'give the site an `engine` of kind kubeadm, or boot another site: `./cpiab boot lab`',
    );
  const media = mediaOf(site);
  if (media.some((kind) => BOOTABLE.some((bootable) => bootable === kind)))
    return new CpiabError('E1015', { subject: name });
  return unbootable(`its media are ${media.join(', ')}`, `run \`./cpiab build ${name} --only iso\``);
}

function summary({ pid, url, fingerprint, status }: BootReport, kept: boolean): string {
  const left = kept ? `process ${pid}; end it with \`kill ${pid}\`` : 'Ctrl-C ends the machine';
  const lines = [`${url}#${fingerprint}`, pid === null ? 'the machine was ended' : left];
  if (status.phase !== 'ready') return ['`cpiab status --watch` shows how it gets on', ...lines].join('\n');
  const { used, total } = status.memory;
  return [
    timelineBars(status, process.stdout.columns || 100),
    `memory ${formatBytes(used)} of ${formatBytes(total)}`,
    ...lines,
  ].join('\n');
}
