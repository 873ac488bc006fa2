import { rejectConflicts } from '../../contract/document/merge-conflict.ts';
import { CpiabError } from '../../contract/errors.ts';

/**
 * Reads JSON text that a file or a program gave.
 * @param shown its name in messages.
 * @throws CpiabError, without a piece of the text, which may be a password: E1034 empty, E1037 marks of a merge, E1041 not JSON, E1042 cut off.
 */
export function parseJson(text: string, shown: string): unknown {
  if (text.trim() === '') throw new CpiabError('E1034', { subject: shown });
  rejectConflicts(text, shown);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw syntaxError(text, shown, (cause as Error).message);
  }
}

/**
 * V8 says `… in JSON at position 13 (line 3 column 3)`, only `Unexpected end of JSON input`, or quotes the text:
 * `Unexpected token '<', "<html>" is not valid JSON`.
 */
function syntaxError(text: string, shown: string, message: string): CpiabError {
  const { what, position, line, column } =
    /^(?<what>.*?)(?: in JSON)? at position (?<position>\d+)(?: \(line (?<line>\d+) column (?<column>\d+)\))?$/s.exec(
      message,
    )?.groups ?? {};
  const subject = line === undefined ? shown : `${shown}:${line}:${column}`;
  const cut = Number(position) >= text.trimEnd().length || message.startsWith('Unexpected end');
  if (cut) return new CpiabError('E1042', { subject });
  return new CpiabError('E1041', { subject, args: [what ?? message.split(',', 1).join()] });
}
