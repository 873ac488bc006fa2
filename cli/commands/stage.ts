import { InvalidArgumentError } from '@commander-js/extra-typings';
import { command, plainCommand } from '../command.ts';
import type { CliContext } from '../context.ts';

const REPOSITORY = 'where STATUS.md and ai/state/status.json are written (default: this one)';
const BOX = "the box's address, and after # the fingerprint that its console shows";

export function stageCommand(context: CliContext) {
  return command('stage', 'show how far a site is, and complete a stage with your signature', [
    { line: 'cpiab stage', does: 'what is complete, and what is lacking for the next' },
    { line: 'cpiab stage --write', does: 'also write STATUS.md and ai/state/status.json, to be committed' },
    { line: 'cpiab stage complete 1', does: 'after a green `cpiab postcheck`: sign it with your key' },
  ])
    .option('--box <url>', BOX)
    .option('--write', 'write STATUS.md and ai/state/status.json', false)
    .option('--repository <dir>', REPOSITORY)
    .action(async ({ box, write, repository }) => {
      const { askGate } = await import('../stage/sign.ts');
      const { gateText } = await import('../stage/text.ts');
      const client = await clientOf(box, context);
      const gate = await askGate(client);
      if (write) await writeFiles(client, gate, repository, context);
      context.print(gate, gateText(gate));
    })
    .addCommand(completeCommand(context));
}

function completeCommand(context: CliContext) {
  return plainCommand(
    'complete',
    'Sign that a stage is complete; the box refuses without a green post-check of what it runs.',
  )
    .argument('<stage>', 'its number', stageNumber)
    .option('--box <url>', BOX)
    .option('--repository <dir>', REPOSITORY)
    .action(async (stage, _options, self) => {
      // The command above has the same options, and takes them.
      const { box, repository } = self.optsWithGlobals();
      const { askGate, completeStage } = await import('../stage/sign.ts');
      const client = await clientOf(box, context);
      const completion = await completeStage(client, stage);
      await writeFiles(client, await askGate(client), repository, context);
      const { by, statement } = completion;
      context.print(
        completion,
        `stage ${stage} is complete: signed by ${by}, of commit ${statement.revision}`,
      );
    });
}

function stageNumber(text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected the number of a stage, such as 1');
}

async function clientOf(box: string | undefined, { signal }: CliContext) {
  const { boxAddress, fetchStatus } = await import('../box/client.ts');
  const { OperatorClient } = await import('../box/operator.ts');
  const address = await boxAddress(box, 'cpiab stage');
  return await OperatorClient.of(address, (await fetchStatus(address)).box.site, signal);
}

async function writeFiles(
  client: Awaited<ReturnType<typeof clientOf>>,
  gate: Parameters<typeof import('../stage/write.ts').siteStatus>[0],
  repository: string | undefined,
  context: CliContext,
): Promise<void> {
  const { latestPostcheck } = await import('../postcheck/ask.ts');
  const { siteStatus, writeStatus } = await import('../stage/write.ts');
  const status = siteStatus(gate, await latestPostcheck(client));
  const files = await writeStatus(repository ?? context.repository, status);
  context.note(`wrote ${files.join(' and ')}: commit them, and push`);
}
