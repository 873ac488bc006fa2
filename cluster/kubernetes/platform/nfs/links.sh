#!/bin/sh
# links.sh SHARE: fails unless a file can be written below torrents, and linked to media as Sonarr and Radarr do.
set -eu
cd "$1"
name=.cpiab-$$
trap 'rm -f "torrents/$name" "media/$name"' EXIT
echo "$name" >"torrents/$name"
busybox ln "torrents/$name" "media/$name"
[ "$(cat "media/$name")" = "$name" ]
[ "$(stat -c %h "media/$name")" = 2 ]
