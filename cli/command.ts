import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { parseBytes } from '../contract/units.ts';

/** What one invocation does, shown by `--help`. */
export interface Example {
  line: string;
  does: string;
}

/** A command with the options that every command has, and its examples under `--help`. */
export function command(name: string, summary: string, examples: readonly Example[]) {
  const width = Math.max(...examples.map(({ line }) => line.length));
  const lines = examples.map(({ line, does }) => `  $ ${line.padEnd(width)}   ${does}`);
  return plainCommand(name, `${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    .summary(summary)
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** A command with the options that every command has: one below another, which has the examples. */
export function plainCommand(name: string, description: string) {
  return new Command(name)
    .description(description)
    .option('--json', 'print one JSON document; progress and errors become JSON lines on stderr');
}

/** Parser of an option that takes a whole number within limits. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`);
  };
}

/** Parser of an option that takes a size in bytes. */
export function byteSize(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === null) throw new InvalidArgumentError('expected a size such as 10GB or 500MiB');
  return bytes;
}

/** Parser of an option that takes some of a set of words, separated by commas. */
export function listOf<const Word extends string>(words: readonly Word[]) {
  return (text: string): Word[] =>
    text.split(',').map((part) => {
      const word = words.find((known) => known === part.trim());
      if (word === undefined) throw new InvalidArgumentError(`expected some of ${words.join(', ')}`);
      return word;
    });
}
