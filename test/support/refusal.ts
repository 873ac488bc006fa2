import { expect } from 'vitest';
import { CpiabError } from '../../contract/errors.ts';

/** The error with a code that the work ends with; the test fails when it ends well or otherwise. */
export async function refusal(work: Promise<unknown>): Promise<CpiabError> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown !== null && !(thrown instanceof CpiabError)) throw thrown;
  expect(thrown).toBeInstanceOf(CpiabError);
  return thrown as CpiabError;
}
