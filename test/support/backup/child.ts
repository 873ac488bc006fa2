import { createReadStream } from 'node:fs';
import { finishRestore } from '../../../agent/backup/finish.ts';
import { stageRestore } from '../../../agent/backup/stage.ts';
import { fit } from './trees.ts';

/** Stages an archive, or puts a staged one in place, in a process of its own that a test kills. */
const [work = '', state = '', archive = ''] = process.argv.slice(2);
process.stdout.write('begun\n');
if (work === 'stage') await stageRestore(state, createReadStream(archive), fit, new AbortController().signal);
else await finishRestore(state);
