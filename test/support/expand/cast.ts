import { createHash } from 'node:crypto';

export const sha = (text: string) => createHash('sha256').update(text).digest('hex');
