/** Of the machine that tests enrol. */
export const machineId = '0123456789abcdef0123456789abcdef';
