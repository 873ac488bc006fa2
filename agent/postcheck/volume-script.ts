/** A file on a share whose server is gone is waited for without end, by a process that can still be killed. */
const ANSWER_S = 60;

/**
 * Command of a shell script that ends in any case: what it has started ends with it, the first process of a container.
 * @param script for BusyBox, and for tools of its image: others are called by `busybox NAME`. What it has to say it
 * prints to its standard output; the other one only tells who was killed.
 */
export const bounded = (script: string, args: readonly string[]): string[] => [
  'sh',
  '-c',
  `busybox timeout -s KILL ${ANSWER_S} sh -uc "$0" sh "$@" 2>/dev/null
status=$?
[ $status -lt 128 ] || echo 'the volume did not answer within ${ANSWER_S} s'
exit $status`,
  script,
  ...args,
];
