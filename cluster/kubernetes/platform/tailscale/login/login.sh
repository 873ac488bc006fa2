#!/bin/sh
# Logs in when there is a key and a way to Tailscale, and says once a minute when it is not so.
set -u
while :; do
  if [ ! -s /login/authkey ]; then
    echo 'offline, not applicable: no key'
  elif tailscale --socket=/run/tailscale/tailscaled.sock up --auth-key=file:/login/authkey --hostname="$NAME" \
    --accept-dns=false --advertise-routes="$ROUTES" --timeout=30s; then
    echo online
  else
    echo 'offline, not applicable: no way to Tailscale'
  fi
  sleep 60
done
