import { once } from 'node:events';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import packageJson from '../package.json' with { type: 'json' };
import { commands } from './commands.ts';
import type { CliContext } from './context.ts';
import { driftTable } from './drift-table.ts';
import { type Presenter, progressForm } from './progress/form.ts';
import { presenter } from './progress/presenter.ts';

/**
 * What Git tells the hooks that it runs of its own repository: with these set, the Git that we ask looks there too.
 * Source: githooks(5), `git rev-parse --local-env-vars`.
 */
const hookVariables = [
  ...[
    'GIT_DIR',
    'GIT_WORK_TREE',
    'GIT_INDEX_FILE',
    'GIT_OBJECT_DIRECTORY',
    'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  ],
  ...[
    'GIT_COMMON_DIR',
    'GIT_PREFIX',
    'GIT_NAMESPACE',
    'GIT_CONFIG',
    'GIT_CONFIG_PARAMETERS',
    'GIT_CONFIG_COUNT',
  ],
];

/** From the wish to stop to the end, for work that doesn't see the wish. */
const GRACE_MS = 5000;

/** The command line's frame: one context, one place where errors become text and an exit status. */
async function main(argv: readonly string[]): Promise<number> {
  for (const name of hookVariables) delete process.env[name];
  const json = argv.includes('--json');
  const stop = stopOnSignals();
  const display = await presenter(progressForm(json, process.stderr, process.env), process.stderr, {
    now: () => performance.now(),
    stopped: () => stop.aborted,
  });
  let status = 0;
  const context = contextOf(json, stop, display, (wanted) => {
    status = wanted;
  });
  const root = program(context);
  if (argv.length === 0) {
    root.outputHelp();
    return 2;
  }
  try {
    await Promise.race([root.parseAsync(argv, { from: 'user' }), overdue(stop)]);
    display.close(true);
    return status;
  } catch (error) {
    display.close(false);
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return await report(error, argv, context);
  }
}

function program(context: CliContext) {
  const root = new Command('cpiab')
    .description(
      'Control-Plane-in-a-Box: turns a Git repository into a sealed, bootable, air-gapped control plane.',
    )
    .version(packageJson.version)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nSITE is `lab` unless told. `cpiab COMMAND --help` has examples. Start with `cpiab doctor`.',
    );
  for (const make of commands) root.addCommand(make(context));
  root.helpCommand(false);
  // The frame prints errors itself; help goes to stdout and is not one.
  for (const each of withChildren(root)) each.exitOverride().configureOutput({ writeErr: () => {} });
  return root;
}

/** A command and all below it. */
function withChildren(parent: CommandUnknownOpts): CommandUnknownOpts[] {
  return [parent, ...parent.commands.flatMap(withChildren)];
}

function contextOf(
  json: boolean,
  signal: AbortSignal,
  { sink, note, aside }: Presenter,
  exitWith: (status: number) => void,
): CliContext {
  const print = (document: unknown, text: string) =>
    aside(() => void process.stdout.write(`${json ? JSON.stringify(document, null, 2) : text}\n`));
  return { repository: dirname(import.meta.dirname), signal, json, progress: sink, note, print, exitWith };
}

async function report(error: unknown, argv: readonly string[], context: CliContext): Promise<number> {
  const { json, signal } = context;
  const { asError } = await import('./as-error.ts');
  const [first = ''] = argv;
  const known = program(context).commands.some((each) => each.name() === first);
  const found = await asError(error, known ? `cpiab ${first}` : 'cpiab', signal);
  if (!json && found.drift.length > 0) process.stderr.write(`${driftTable(found.drift)}\n`);
  process.stderr.write(`${json ? JSON.stringify(found) : found.toText()}\n`);
  if (process.env['CPIAB_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return found.exit;
}

/** The first Ctrl-C asks the work to stop and lets it clean up; the second ends the process. */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/** Rejects when work goes on for too long after it was asked to stop, as when a peer doesn't answer. */
async function overdue(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  await sleep(GRACE_MS, undefined, { ref: false });
  throw signal.reason;
}

// A reader such as `head` may close the pipe early; that is its right.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.exit(await main(process.argv.slice(2)));
