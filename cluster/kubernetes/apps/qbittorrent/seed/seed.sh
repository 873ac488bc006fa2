#!/bin/sh
# Puts qBittorrent.conf on an empty volume, once: qBittorrent owns it from then on. With it, it asks nobody by itself:
# DHT, local peers, port forwarding and countries of peers are off. A start that was cut leaves a .new, which the next
# one replaces.
set -eu
umask 077
mkdir -p /config/qBittorrent/config
umask 002
mkdir -p /data/torrents/incomplete
cd /config/qBittorrent/config
from=qBittorrent.conf
[ -e "$from" ] || from=/seed/qBittorrent.conf
umask 077
# For container `wiring`, which sets the rest: also on a volume from before there was one.
awk '
	/^WebUI.LocalHostAuth=/ { next }
	{ print }
	/^\[Preferences\]$/ { print "WebUI\\LocalHostAuth=false" }
' "$from" >qBittorrent.conf.new
sync qBittorrent.conf.new
mv qBittorrent.conf.new qBittorrent.conf
