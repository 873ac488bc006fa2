import type { ExpansionStatus } from '../../contract/expand.ts';
import { command, plainCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import type { ExpandClient } from '../nodes/expand-client.ts';

const BOX = "the box's address, and after # the fingerprint that its console shows";

export function expandCommand(context: CliContext) {
  return command(
    'expand',
    'let pools grow: machines that ask become nodes, and pods move there, as you approve',
    [
      { line: 'cpiab expand plan', does: 'what the box proposes for all pools with `expand` in the site' },
      { line: 'cpiab expand plan ingest', does: 'for one of them' },
      {
        line: 'cpiab expand approve 5f0c…',
        does: 'exactly the plan of that digest, from then on step by step',
      },
      { line: 'cpiab expand status', does: 'how far it is, and what it waits for' },
    ],
  )
    .addCommand(planCommand(context))
    .addCommand(approveCommand(context))
    .addCommand(statusCommand(context))
    .addCommand(actCommand(context, 'stop', 'Begin nothing else; what has begun is finished.'))
    .addCommand(
      actCommand(context, 'go-on', 'Go on after a halt: what has not come about has its time anew.'),
    );
}

function planCommand(context: CliContext) {
  return plainCommand(
    'plan',
    'Show which machines would become nodes, in which order, and which pods move after.',
  )
    .argument('[pool]', 'default: all that the site lets grow')
    .option('--box <url>', BOX)
    .action(async (pool, { box }) => {
      const { ExpandClient } = await import('../nodes/expand-client.ts');
      const { planText } = await import('../nodes/expand-text.ts');
      const plan = await (await ExpandClient.of(box, context.signal)).plan(pool);
      context.print(plan, planText(plan));
    });
}

function approveCommand(context: CliContext) {
  return plainCommand(
    'approve',
    'Let the box do a plan as it was shown; it refuses when the plan has changed.',
  )
    .argument('<digest>', 'of the plan, whole')
    .option('--reason <text>', 'stands in the audit log', '')
    .option('--box <url>', BOX)
    .action((digest, { box, reason }) => tell(context, box, (client) => client.approve(digest, reason)));
}

function statusCommand(context: CliContext) {
  return plainCommand('status', 'Show how far the expansion is that was approved last.')
    .option('--box <url>', BOX)
    .action(({ box }) => tell(context, box, (client) => client.status()));
}

function actCommand(context: CliContext, what: 'stop' | 'go-on', does: string) {
  return plainCommand(what, does)
    .option('--box <url>', BOX)
    .action(({ box }) => tell(context, box, (client) => client.act(what)));
}

/** Asks the box for something, and shows how the expansion stands then. */
async function tell(
  context: CliContext,
  box: string | undefined,
  ask: (client: ExpandClient) => Promise<ExpansionStatus>,
): Promise<void> {
  const { ExpandClient } = await import('../nodes/expand-client.ts');
  const { expansionText } = await import('../nodes/expand-text.ts');
  const status = await ask(await ExpandClient.of(box, context.signal));
  context.print(status, expansionText(status));
}
