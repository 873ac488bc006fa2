import { resolve } from 'node:path';
import type { Audit } from '../../builder/audit/audit.ts';
import type { Seen } from '../../builder/audit/check.ts';
import { CpiabError, combined } from '../../contract/errors.ts';
import { isDiskImage } from '../../contract/media.ts';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { openWithKey } from '../open-bundle.ts';
import { table } from '../table.ts';

export function verifyCommand(context: CliContext) {
  return command(
    'verify',
    'check a medium or bundle: signature, every byte, nothing missing, nothing added',
    [
      { line: 'cpiab verify dist/lab/cpiab-lab.iso', does: "an ISO, with the key of this machine's site" },
      {
        line: 'cpiab verify cpiab-lab.tar.zst --key lab.pub',
        does: 'a tarball, with a key that was handed over',
      },
      {
        line: 'cpiab verify cpiab-lab.iso --all --json > audit.json',
        does: 'also expiry, lock, bill of materials and provenance; a report to keep',
      },
      {
        line: 'cpiab verify new.iso --all --after audit.json',
        does: 'and that it is not older than that one',
      },
      { line: 'cpiab verify cpiab-lab.qcow2', does: 'a disk image, by the signed index beside it' },
      { line: 'cpiab verify /media/a /media/b', does: 'volumes, each by the signed index beside it' },
    ],
  )
    .argument(
      '<paths...>',
      'an ISO, a .tar.zst, a bundle directory; a disk image, volumes, or directories of volumes',
    )
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed it)")
    .option('--all', 'check the documents in it as well, and go on after a failure', false)
    .option('--after <seen>', 'refuse an older one: a sequence, a manifest.json, or a report of --all')
    .option('--chunks', 'check a medium by its signed index alone, and name each bad chunk', false)
    .action(async (paths, options) => {
      const byIndex = options.chunks || (await areParts(paths));
      await (byIndex ? verifyByIndex : verifyWhole)(paths, options, context);
    });
}

interface Options {
  key?: string | undefined;
  all: boolean;
  after?: string | undefined;
}

async function verifyWhole(paths: string[], { key, all, after }: Options, context: CliContext) {
  const [path = ''] = paths;
  const { readSeen } = await import('../../builder/audit/sequence.ts');
  const seen = after === undefined ? null : await readSeen(after);
  if (all) await audit({ path, key, seen }, context);
  else await verify({ path, key, seen }, context);
}

const WHOLE: [string, string] = ['--all and --after look into one whole medium', 'cpiab verify'];

/** Whether these can't be one whole medium or bundle that can be looked into. */
async function areParts([path = '', ...others]: string[]): Promise<boolean> {
  const { isPart } = await import('../../builder/volumes/list.ts');
  return others.length > 0 || isDiskImage(path) || (await isPart(resolve(path)));
}

async function verifyByIndex(paths: string[], { key, all, after }: Options, context: CliContext) {
  if (all || after !== undefined) throw new CpiabError('E1010', { subject: paths.join(' '), args: WHOLE });
  const { verifyParts } = await import('../../builder/volumes/verify.ts');
  const { signal, progress } = context;
  const absolute = paths.map((path) => resolve(path));
  const media = await verifyParts(absolute, { signal, progress, key });
  const lines = media.flatMap((medium) => [
    ...medium.files.map(({ path }) => `verified: ${path}`),
    ...medium.missing.map((name) => `not here: ${name}`),
    `${medium.site} ${medium.revision}, sequence ${medium.sequence}; ${formatBytes(medium.bytes)}; root ${medium.root}; key ${medium.key}`,
  ]);
  context.print({ media }, lines.join('\n'));
}

interface Request {
  path: string;
  /** Path of a public key. */
  key: string | undefined;
  seen: Seen | null;
}

async function verify({ path: given, key: keyFile, seen }: Request, context: CliContext): Promise<void> {
  const { verifyMedium } = await import('../../builder/verify/verify.ts');
  const { refuseOlder } = await import('../../builder/audit/sequence.ts');
  const { medium, key } = await openWithKey(given, keyFile, context);
  const { manifest, files, bytes } = await verifyMedium(medium, key, context.signal);
  const { path, kind } = medium;
  if (seen !== null) refuseOlder(path, manifest, seen);
  const { site, sequence, revision } = manifest;
  const { name, chain } = key;
  const document = { path, kind, key: name, chain, site, sequence, revision, files, bytes };
  const led = chain.map(({ from }) => `, named by ${from}`).toReversed();
  const facts = `${site} ${revision}, sequence ${sequence}; ${files} files, ${formatBytes(bytes)}; key ${name}`;
  context.print(document, `verified: ${path}\n${facts}${led.join('')}`);
}

async function audit({ path, key, seen }: Request, context: CliContext): Promise<void> {
  const { auditMedium } = await import('../../builder/audit/audit.ts');
  const { openMedium } = await import('../../builder/verify/open.ts');
  const { trustedKey } = await import('../../builder/verify/trusted-key.ts');
  const found = await auditMedium({
    medium: await openMedium(resolve(path), context.signal),
    trust: (opened) => trustedKey(opened, key),
    after: seen,
    now: Math.floor(Date.now() / 1000),
    signal: context.signal,
  });
  context.print(found.report, auditText(found));
  const [first, ...others] = found.problems;
  if (first !== undefined) throw combined([first, ...others]);
}

function auditText({ report: { checks, medium, bundle, verified } }: Audit): string {
  const rows = checks.map(({ name, result, evidence, digest }) => [
    name,
    result,
    digest === null ? evidence : `${evidence}; ${digest.slice(0, 19)}`,
  ]);
  const about = bundle === null ? '' : `: ${bundle.site} ${bundle.revision}, sequence ${bundle.sequence}`;
  const end = `${verified ? 'verified' : 'not verified'}: ${medium.path}${about}`;
  return `${table([['check', 'result', 'evidence'], ...rows])}\n${end}`;
}
