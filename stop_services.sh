#!/usr/bin/env bash
# Stops what ./start_services.sh has started.
cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
if ! command -v node >/dev/null; then
  echo 'QSM needs Node 20.19 or newer with npm, from https://nodejs.org or your version manager.' >&2
  exit 1
fi
exec node scripts/services/stop.mjs "$@"
