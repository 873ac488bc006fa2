import { startTestApi } from '../../test/support/api.ts';

/** A box as a process, for the bench: `DIRECTORY MACHINE-ID`. Prints port, fingerprint and the operator's credential, then serves. */
const [directory = '', machineId = ''] = process.argv.slice(2);
const api = await startTestApi(() => undefined, {
  directory,
  enroll: { site: { autoApprove: [{ machineIds: [machineId] }] } },
});
const { certificate: cert, key } = api.operator;
process.stdout.write(
  `${JSON.stringify({ port: api.port, fingerprint: api.identity.fingerprint, operator: { cert, key } })}\n`,
);
