#!/bin/sh
# Puts config.yaml on an empty volume, once, and the API key of the Secret into it, at each start. A start that was cut
# leaves config.yaml.new, which the next one replaces.
set -eu
umask 077
mkdir -p /config/config
cd /config/config
from=config.yaml
[ -e "$from" ] || from=/seed/config.yaml
# Bazarr writes each section as a name and, two spaces in, its settings.
awk '
	/^[^ ]/ { section = $0 }
	section == "auth:" && /^  apikey:/ { $0 = "  apikey: \"" ENVIRON["API_KEY"] "\"" }
	{ print }
' "$from" >config.yaml.new
sync config.yaml.new
mv config.yaml.new config.yaml
