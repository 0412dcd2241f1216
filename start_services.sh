#!/usr/bin/env bash
# Starts the main application and the quantum service in the background. --help tells more; ./stop_services.sh stops them.
cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
if ! command -v node >/dev/null; then
  echo 'QSM needs Node 20.19 or newer with npm, from https://nodejs.org or your version manager.' >&2
  exit 1
fi
exec node scripts/services/start.mjs "$@"
