import { type AppBackupRequest, AppBackupResultSchema, appBackupPath } from '../../contract/app-backup.ts';
import { plainCommand } from '../command.ts';
import type { CliContext } from '../context.ts';

/** As long as the box waits for the job. */
const LONGEST_MS = 6 * 3_600_000;
const BOX = ['--box <url>', "the box's address, and after # the fingerprint that its console shows"] as const;

export function appBackupCommand(context: CliContext) {
  return plainCommand(
    'backup',
    "Back an app's claims up to the NAS now, or list the snapshots that are there.",
  )
    .argument('<name>', 'the app')
    .option('--list', 'list its snapshots', false)
    .option(...BOX)
    .action((name, { list, box }) => done(context, name, { work: list ? 'list' : 'backup' }, box));
}

export function appRestoreCommand(context: CliContext) {
  return plainCommand(
    'restore',
    "Give an app's claims the content of a snapshot; the app is stopped meanwhile.",
  )
    .argument('<name>', 'the app')
    .option('--snapshot <id>', 'which, as `cpiab app backup NAME --list` shows it', 'latest')
    .option(...BOX)
    .action((name, { snapshot, box }) => done(context, name, { work: 'restore', snapshot }, box));
}

async function done(
  context: CliContext,
  app: string,
  request: AppBackupRequest,
  box: string | undefined,
): Promise<void> {
  const { boxAddress, fetchStatus } = await import('../box/client.ts');
  const { OperatorClient, post } = await import('../box/operator.ts');
  const address = await boxAddress(box, `cpiab app ${request.work === 'restore' ? 'restore' : 'backup'}`);
  const { box: about } = await fetchStatus(address);
  const client = await OperatorClient.of(address, about.site, context.signal);
  const result = await client.ask(appBackupPath(app), post(request, LONGEST_MS), AppBackupResultSchema);
  context.print(result, result.log.trimEnd());
}
