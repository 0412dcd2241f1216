#!/bin/sh
# small-system.sh APPLICATION FOLDER: gathers the system of an image that runs Node and nothing else: Node, the libraries
# that it and the native modules of the application are linked with, users, and the records by which a scanner knows these
# packages. Runs in a build, on the whole system.
set -eu
application=$1
folder=$2
node=/usr/local/bin/node

# shellcheck disable=SC2046 # These are lists, here and below.
libraries=$(ldd "$node" $(find "$application" -name '*.node') | sed -n 's|^.*[[:space:]]\(/[^ ]*\) (0x.*$|\1|p' | sort -u)
# shellcheck disable=SC2046,SC2086
packages=$(dpkg-query --search $(basename -a $libraries) | cut -d : -f 1 | sort -u)
licences=$(for package in $packages; do find "/usr/share/doc/$package/" -name copyright 2>/dev/null || true; done)

mkdir -p "$folder/var/lib/dpkg" "$folder/proc" "$folder/sys" "$folder/dev" "$folder/root"
mkdir -m 1777 "$folder/tmp"
# shellcheck disable=SC2086
cp --parents --dereference --preserve=mode "$node" $libraries $licences \
  /etc/passwd /etc/group /etc/nsswitch.conf /etc/os-release "$folder"
if [ -e /usr/local/LICENSE ]; then cp --parents /usr/local/LICENSE "$folder"; fi
# shellcheck disable=SC2086
dpkg-query --status base-files $packages >"$folder/var/lib/dpkg/status"
