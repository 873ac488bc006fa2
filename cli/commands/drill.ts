import { resolve } from 'node:path';
import { Argument, Option } from '@commander-js/extra-typings';
import { substrates } from '../../contract/drill/scenario.ts';
import { drillPhases } from '../../contract/drill/steps.ts';
import { command, plainCommand } from '../command.ts';
import type { CliContext } from '../context.ts';

export function drillCommand(context: CliContext) {
  return command('drill', 'rehearse the move of a workload from one bank to another, with measurements', [
    {
      line: 'cpiab drill run drills/bank-a-to-bank-b.yaml',
      does: 'the whole move, as root, in namespaces of this machine',
    },
    {
      line: 'cpiab drill run drills/bank-a-to-bank-b.yaml --until spread',
      does: 'stop before data moves; run it again to go on',
    },
    { line: 'cpiab drill status dist/drills/bank-a-to-bank-b', does: 'which steps are done' },
    {
      line: 'cpiab drill rollback dist/drills/bank-a-to-bank-b',
      does: 'back to bank A, from wherever it is',
    },
    { line: 'cpiab drill verify evidence --key minisign.pub', does: 'a folder of evidence, offline' },
  ])
    .addCommand(runCommand(context))
    .addCommand(statusCommand(context))
    .addCommand(rollbackCommand(context))
    .addCommand(abortCommand(context))
    .addCommand(reportCommand(context))
    .addCommand(verifyCommand(context));
}

function runCommand(context: CliContext) {
  return plainCommand('run', 'Run a drill, or go on with one that was cut off.')
    .argument('<scenario>', 'such as drills/bank-a-to-bank-b.yaml')
    .addOption(
      new Option('--substrate <kind>', 'what the banks are made of')
        .choices(substrates)
        .default('netns' as const),
    )
    .option('--out <directory>', 'journal and evidence (default: dist/drills/<name of the file>)')
    .addOption(
      new Option('--until <phase>', 'stop after it, with the banks as they are').choices(drillPhases),
    )
    .option('--keep', 'leave the banks as they are at the end', false)
    .action(async (scenario, { substrate, out, until, keep }) => {
      const { runHere } = await import('../drill/run.ts');
      await runHere({ scenario, substrate, out, until, keep }, context);
    });
}

const directory = () =>
  new Argument('<directory>', 'what `cpiab drill run --out` was given').argParser((path) => resolve(path));

function statusCommand(context: CliContext) {
  return plainCommand('status', 'Show how far a drill is.')
    .addArgument(directory())
    .action(async (out) => {
      const { showStatus } = await import('../drill/show.ts');
      await showStatus(out, context);
    });
}

function rollbackCommand(context: CliContext) {
  return plainCommand('rollback', 'Take back every step, until bank A is what it was.')
    .addArgument(directory())
    .option('--keep', 'leave the banks as they are at the end', false)
    .action(async (out, { keep }) => {
      const { rollBackHere } = await import('../drill/run.ts');
      await rollBackHere(out, keep, context);
    });
}

function abortCommand(context: CliContext) {
  return plainCommand('abort', 'Take both banks away, as they are. Journal and evidence stay.')
    .addArgument(directory())
    .action(async (out) => {
      const { abortHere } = await import('../drill/run.ts');
      await abortHere(out, context);
    });
}

function reportCommand(context: CliContext) {
  return plainCommand('report', 'Show what a drill has measured.')
    .addArgument(directory())
    .action(async (out) => {
      const { showReport } = await import('../drill/show.ts');
      await showReport(out, context);
    });
}

function verifyCommand(context: CliContext) {
  return plainCommand('verify', 'Check a folder of evidence, offline.')
    .addArgument(new Argument('<directory>', 'evidence, or what holds it').argParser((path) => resolve(path)))
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed it)")
    .action(async (path, { key }) => {
      const { verifyHere } = await import('../drill/show.ts');
      await verifyHere(path, key, context);
    });
}
