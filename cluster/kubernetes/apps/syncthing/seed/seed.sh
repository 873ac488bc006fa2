#!/bin/sh
# Puts config.xml on an empty volume, once, with an API key of its own.
# A start that was cut leaves config.xml.new, which the next one replaces.
set -eu
umask 077
mkdir -p /data/config
[ -e /data/config/config.xml ] && exit 0
key=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
sed "s/@API_KEY@/$key/" /seed/config.xml >/data/config/config.xml.new
sync /data/config/config.xml.new
mv /data/config/config.xml.new /data/config/config.xml
