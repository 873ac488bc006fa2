#!/bin/sh
# Puts qBittorrent.conf on an empty volume, once: qBittorrent owns it from then on. With it, it asks nobody by itself:
# DHT, local peers, port forwarding and countries of peers are off. A start that was cut leaves a .new, which the next
# one replaces.
set -eu
umask 077
mkdir -p /config/qBittorrent/config
umask 002
mkdir -p /media/torrents/incomplete
[ -e /config/qBittorrent/config/qBittorrent.conf ] && exit 0
cp /seed/qBittorrent.conf /config/qBittorrent/config/qBittorrent.conf.new
sync /config/qBittorrent/config/qBittorrent.conf.new
mv /config/qBittorrent/config/qBittorrent.conf.new /config/qBittorrent/config/qBittorrent.conf
