/** Whether a processor is QEMU's software emulation. @param model its name, as Linux gives it. */
export const isEmulation = (model: string): boolean => model.startsWith('QEMU TCG CPU');
