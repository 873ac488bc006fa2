import type { CliContext } from '../../cli/context.ts';

/** A context for commands that are looked at, not run. */
export function idleContext(repository: string): CliContext {
  return {
    repository,
    signal: new AbortController().signal,
    json: false,
    progress: () => {},
    note: () => {},
    print: () => {},
    exitWith: () => {},
  };
}
