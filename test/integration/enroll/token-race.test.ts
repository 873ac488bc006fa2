import { expect, test } from 'vitest';
import { inventory, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

test('2. token race: 50 parallel joins with one invitation give exactly one certificate', async () => {
  const box = await startBox({
    enroll: { site: { autoApprove: [{ machineIds: [inventory.machineId] }] } },
  });
  const { parsed } = await box.invite();
  const machines = await Promise.all(Array.from({ length: 50 }, () => Machine.make(box)));
  const answers = await Promise.all(
    machines.map((machine, index) =>
      machine.post('/v1/enroll', requestOf(machine, parsed, { name: `n${index}` })),
    ),
  );
  const taken = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []));
  expect(taken).toHaveLength(1);
  const { id } = JSON.parse(answers[taken[0] ?? 0]?.text ?? '');
  await Promise.all(machines.map((machine) => machine.get(`/v1/enroll/${id}`)));
  await Promise.all(Array.from({ length: 5 }, () => machines[taken[0] ?? 0]?.get(`/v1/enroll/${id}`)));
  const certificates = (await box.nodes()).flatMap((node) => node.certificates);
  expect(certificates).toHaveLength(1);
  const refused = answers.filter(({ status }) => status === 403);
  expect(refused.map(({ text }) => JSON.parse(text).code)).toEqual(Array(49).fill('CPIAB-E2501'));
});
