#!/bin/sh
# Puts config.yaml on an empty volume, once. A start that was cut leaves config.yaml.new, which the next one replaces.
set -eu
mkdir -p /config/config
[ -e /config/config/config.yaml ] && exit 0
cp /seed/config.yaml /config/config/config.yaml.new
sync /config/config/config.yaml.new
mv /config/config/config.yaml.new /config/config/config.yaml
