#!/bin/sh
# small-system.sh FOLDER: gathers the system of an image that runs Node and nothing else: Node, the libraries that it is
# linked with, users, and the records by which a scanner knows these packages. Runs in a build, on the whole system.
set -eu
folder=$1
node=/usr/local/bin/node

libraries=$(ldd "$node" | grep -o '/[^ ]*')
# shellcheck disable=SC2086 # These are lists.
packages=$(dpkg-query --search $(basename -a $libraries) | cut -d : -f 1 | sort -u)
licences=$(for package in $packages; do find "/usr/share/doc/$package/" -name copyright; done 2>/dev/null)

mkdir -p "$folder/var/lib/dpkg" "$folder/proc" "$folder/sys" "$folder/dev" "$folder/root"
mkdir -m 1777 "$folder/tmp"
# shellcheck disable=SC2086
cp --parents --dereference --preserve=mode "$node" $libraries $licences \
  /etc/passwd /etc/group /etc/nsswitch.conf /etc/os-release "$folder"
if [ -e /usr/local/LICENSE ]; then cp --parents /usr/local/LICENSE "$folder"; fi
# shellcheck disable=SC2086
dpkg-query --status base-files $packages >"$folder/var/lib/dpkg/status"
