import type { OpenBundle } from '../../builder/verify/medium.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Manifest } from '../../contract/manifest.ts';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { openBundle } from '../open-bundle.ts';
import { table } from '../table.ts';

export function inspectCommand(context: CliContext) {
  return command('inspect', 'show what a medium or bundle holds, and why', [
    {
      line: 'cpiab inspect dist/lab/bundle',
      does: 'images, charts, files, artifacts and sizes, after checking the signature',
    },
    {
      line: 'cpiab inspect cpiab-lab.iso --why sha256:4f…',
      does: 'what needs this blob; a unique start is enough',
    },
    { line: 'cpiab inspect dist/lab/bundle --licences', does: 'licences of the packages in it' },
  ])
    .argument('<path>', 'an ISO, a .tar.zst or a bundle directory')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed it)")
    .option('--licences', 'how many packages have which licence, as the bill of materials says', false)
    .option('--why <digest>', 'one blob: what it is and what needs it')
    .action(async (path, { key, why, licences }) => {
      const bundle = await openBundle(path, key, context);
      const { manifest } = bundle;
      if (licences) await showLicences(bundle, context);
      else if (why === undefined) context.print(manifest, summary(manifest));
      else explain(manifest, why, context);
    });
}

async function showLicences(bundle: OpenBundle, context: CliContext): Promise<void> {
  const { licencesOf } = await import('../../builder/audit/licences.ts');
  const found = await licencesOf(bundle);
  const { site, revision, sequence } = bundle.manifest;
  const rows = found.licences.map(({ licence, packages }) => [licence, String(packages.length)]);
  context.print(
    { site, revision, sequence, ...found },
    `${table([['licence', 'packages'], ...rows])}\n${found.packages.length} packages; many name several licences`,
  );
}

function summary(manifest: Manifest): string {
  const { site, revision, sequence, expires, repositories, blobs } = manifest;
  const { images, signatures, referrers, charts, downloads, artifacts } = manifest;
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  const commits = Object.entries(repositories).map(([name, { commit }]) => [name, `commit ${commit}`]);
  const named = [
    ...[images, signatures, referrers, charts, downloads, artifacts].flatMap((one) => Object.entries(one)),
    ...commits,
  ];
  const roles = Map.groupBy(blobs, ({ role }) => role);
  const sizes = [...roles].map(([role, found]) => {
    const size = found.reduce((sum, blob) => sum + blob.size, 0);
    return [role, String(found.length), formatBytes(size)];
  });
  return [
    `${site} ${revision}, sequence ${sequence}, expires ${new Date(expires * 1000).toISOString().slice(0, 10)}`,
    '',
    table([['image, signature, chart, file, artifact or Git repository', 'digest'], ...named]),
    '',
    table([['role', 'blobs', 'size'], ...sizes, ['all', String(blobs.length), formatBytes(total)]]),
  ].join('\n');
}

function explain(manifest: Manifest, digest: string, context: CliContext): void {
  const start = digest.startsWith('sha256:') ? digest : `sha256:${digest}`;
  const found = manifest.blobs.filter((blob) => blob.digest.startsWith(start));
  const [blob] = found;
  if (blob === undefined || found.length > 1) {
    const expected =
      found.length > 1 ? 'more digits: several blobs start so' : "the digest of one of the bundle's blobs";
    throw new CpiabError('E1002', { subject: '--why', args: [expected, digest] });
  }
  const reasons = blob.for.map((reason) => `  ${reason}`).join('\n');
  context.print(blob, `${blob.digest}\n${blob.role}, ${formatBytes(blob.size)}, needed by\n${reasons}`);
}
