import { resolve } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { supportPath } from '../../contract/support.ts';
import type { VerifiedSupport } from '../../host/support-bundle.ts';
import type { BoxAddress } from '../box/client.ts';
import { command, plainCommand } from '../command.ts';
import type { CliContext } from '../context.ts';

export function supportBundleCommand(context: CliContext) {
  return command('support-bundle', 'fetch what one asks for when a box needs help', [
    {
      line: 'cpiab support-bundle',
      does: 'of the box that this machine booted last, into cpiab-support.tar.zst',
    },
    { line: 'cpiab support-bundle --box https://10.0.0.7:7443#4f1c… --out box.tar.zst', does: 'of another' },
    { line: 'cpiab support-bundle verify box.tar.zst', does: 'check one offline: nothing is unpacked' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .option('--out <file>', 'where to put it', 'cpiab-support.tar.zst')
    .option('--cert <file>', "an operator's certificate (default: that of the site's keys)")
    .option('--key <file>', 'its private key')
    .action(async ({ box, out, cert, key }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { credentialFiles } = await import('../../builder/bundle/keys.ts');
      const address = await boxAddress(box, 'cpiab support-bundle');
      const files = credentialFiles((await fetchStatus(address)).box.site, cert, key);
      const path = resolve(out);
      await fetchBundle(address, files, path, context.signal);
      print(path, await verified(path, address.fingerprint, context), context);
    })
    .addCommand(verifyCommand(context));
}

function verifyCommand(context: CliContext) {
  return plainCommand('verify', 'Check a support bundle, offline.')
    .argument('<file>', 'what `cpiab support-bundle` wrote')
    .option('--fingerprint <hex>', "the box's, as its console shows it (default: it is told, to be compared)")
    .action(async (file, { fingerprint }) =>
      print(file, await verified(file, fingerprint, context), context),
    );
}

/** @throws CpiabError E5004 no answer, E5005 another key, E5010 refused. */
async function fetchBundle(
  { url, fingerprint }: BoxAddress,
  files: { cert: string; key: string },
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const { downloadPinned } = await import('../../host/pinned-download.ts');
  const { noAnswer } = await import('../../host/pinned-https.ts');
  const { readTextFile } = await import('../../host/input-file.ts');
  const subject = url.href;
  const [cert, key] = [await readTextFile(files.cert), await readTextFile(files.key)];
  const asked = { url: new URL(supportPath, url), fingerprint, identity: { cert, key } };
  const refused = await downloadPinned(asked, path, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw noAnswer(subject, fingerprint, cause);
  });
  if (refused !== null)
    throw new CpiabError('E5010', { subject, args: [String(refused.status), refused.why] });
}

async function verified(file: string, expected: string | undefined, { signal }: CliContext) {
  const { verifySupport } = await import('../../host/support-bundle.ts');
  const { requireFile } = await import('../../host/input-file.ts');
  await requireFile(file);
  const found = await verifySupport(file, signal);
  const plain = expected?.replace(/[\s:]/g, '').toLowerCase();
  if (plain !== undefined && plain !== found.fingerprint)
    throw new CpiabError('E2163', { subject: file, args: [found.fingerprint, plain] });
  return found;
}

function print(path: string, { manifest, fingerprint }: VerifiedSupport, context: CliContext): void {
  const { box, site, made, files, missing } = manifest;
  const text = [
    `${path}: ${files.length} files of box ${box}, site ${site}, made ${made} by its clock`,
    `signed by the box with fingerprint ${fingerprint}`,
    ...missing.map(({ name, why }) => `without ${name}: ${why}`),
  ];
  context.print({ path, fingerprint, ...manifest }, text.join('\n'));
}
