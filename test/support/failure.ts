import { expect } from 'vitest';
import { ProcessError } from '../../host/process.ts';

/** How a program that must fail did; the test fails when it ends well or otherwise. */
export async function failure(running: Promise<unknown>): Promise<ProcessError> {
  const error = await running.then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProcessError);
  return error as ProcessError;
}
