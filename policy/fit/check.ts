import type { FitCheck, FitGroup } from '../../contract/assess.ts';

/** Writes the checks of one group. */
export const checkIn =
  (group: FitGroup) =>
  (
    id: string,
    result: FitCheck['result'],
    about: Pick<FitCheck, 'what' | 'needed' | 'found'> & { required?: boolean },
  ): FitCheck => ({ id: `${group}/${id}`, group, result, required: true, ...about });
