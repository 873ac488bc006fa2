import { z } from 'zod';
import { command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function rollbackCommand(context: CliContext) {
  return command('rollback', 'let a box go back to the version in its other slot', [
    {
      line: 'cpiab rollback https://10.0.0.7:7443',
      does: 'it must show that it works, as every version; else the box comes back to this one',
    },
  ])
    .argument('<box>', "the box's address, and after # the fingerprint that its console shows")
    .option('--timeout <seconds>', 'how long it may take', wholeNumber(1, 86_400), 3600)
    .action(async (box, { timeout }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { followUpdate } = await import('../box/follow-update.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { statusText } = await import('../box/show.ts');
      const { signal, progress, print } = context;
      const address = await boxAddress(box, 'cpiab rollback');
      const { site } = (await fetchStatus(address)).box;
      const client = await OperatorClient.of(address, site, signal);
      await client.ask('/v1/rollback', { method: 'POST', timeoutMs: 120_000 }, z.unknown());
      const status = await followUpdate(address, { seconds: timeout, progress, signal });
      print(status, statusText(status));
    });
}
