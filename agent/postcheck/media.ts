import type { App, AppMedia } from '../../contract/app.ts';
import { asWhom, usersOf } from './claim-users.ts';
import type { Look } from './look.ts';
import { fail, type Outcome, passUnless, unknown } from './outcome.ts';
import { runPod, shellImage } from './pod.ts';
import { bounded } from './volume-script.ts';

/**
 * `$1` is the name of a file; then `write FOLDER` and `link FROM TO`, as often as wanted. Takes away what it made, and
 * what one left that was cut off.
 */
const SCRIPT = `
name=$1
shift
made=
trap 'rm -f $made' EXIT
fail() {
	echo "$*"
	exit 1
}
make() {
	[ -d "$1" ] || fail "$1 is not there"
	made="$made $1/$name"
	why=$({ rm -f "$1/$name" && echo "$name" >"$1/$name"; } 2>&1) || fail "cannot write to $1: \${why##*: }"
	[ "$(cat "$1/$name")" = "$name" ] || fail "$1 does not have what was written to it"
}
while [ $# -gt 0 ]; do
	make "$2"
	case $1 in
	write) shift 2 ;;
	link)
		[ -d "$3" ] || fail "$3 is not there"
		made="$made $3/$name"
		why=$({ rm -f "$3/$name" && busybox ln "$2/$name" "$3/$name"; } 2>&1) ||
			fail "no hard link from $2 to $3: \${why##*: }"
		[ "$(stat -c %h "$3/$name")" = 2 ] || fail "a hard link from $2 to $3 is a copy"
		rm -f "$3/$name"
		shift 3
		;;
	esac
done
`;

/** In a pod of the app's namespace, as the app's own user, with the claim mounted as the app has it. */
export async function checkMedia(
  { name, media }: App & { media: AppMedia },
  look: Look,
  limitMs?: number,
): Promise<Outcome> {
  const image = shellImage(look.manifest);
  if (image === undefined) return unknown('the bundle has no image of BusyBox to write with');
  const { claim } = media;
  const users = await usersOf({ namespace: name, claim }, look);
  if (users.length === 0) return fail(`nothing of the app has claim ${claim} mounted to write to`);
  const said: string[] = [];
  for (const one of users) {
    if (one.user === null) return unknown(`${one.workload} does not say as whom it runs (runAsUser)`);
    const work = { name: 'cpiab-postcheck-media', namespace: name, image, user: one.user };
    const volume = { claim, mounts: one.mounts };
    const command = bounded(SCRIPT, argumentsOf(name, media));
    const ended = await runPod(look, { ...work, volume, command }, limitMs);
    if (!ended.succeeded) said.push(`${asWhom(one)}: ${ended.said}`);
  }
  return passUnless(said, `${users.map(asWhom).join(', ')}: ${sayMedia(media)}`);
}

const argumentsOf = (name: string, { writes, links }: AppMedia): string[] => [
  `.cpiab-postcheck-media-${name}`,
  ...writes.flatMap((folder) => ['write', folder]),
  ...links.flatMap(({ from, to }) => ['link', from, to]),
];

const sayMedia = ({ writes, links }: AppMedia) =>
  [`wrote to ${writes.join(', ')}`, ...links.map(({ from, to }) => `linked ${from} to ${to}`)].join('; ');
