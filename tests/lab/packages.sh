#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
#
# Runs inside mmdebstrap, which gives the new system's root, with the archive's package lists at hand:
# install an earlier kernel than the last, and fetch what a machine will install by itself, the last kernel among it.
# STORE is a folder for headers, OFFLINE the packages of the machine's own archive, KERNEL the meta package.
set -eu

root=$1
: "${STORE:?}" "${OFFLINE:?}" "${KERNEL:?}"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" DEBIAN_FRONTEND=noninteractive

get() {
  apt-get --yes -qq --no-install-recommends -o DPkg::Chroot-Directory="$root" "$@"
}

take() {
  mkdir -p "$1"
  mv "$root"/var/cache/apt/archives/*.deb "$1/"
}

newest=$(apt-cache depends "$KERNEL" | sed -n "s/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p")
series=$(echo "$newest" | sed 's/^\(linux-image-[0-9]*\.[0-9]*\.\).*/\1/')
flavour=${KERNEL#linux-image}

# Of another upstream release: one that was replaced by the next revision of the same release was replaced for a reason.
upstream() {
  apt-cache show --no-all-versions "$1" | sed -n 's/^Version: \(.*\)-[^-]*$/\1/p'
}

first=$newest
# The name of a flavour ends that of others too: -cloud-amd64 ends in -amd64.
for kernel in $(apt-cache pkgnames "$series" | grep -e "^${series}[0-9-]*\(+deb[0-9]*\)*${flavour}\$" | sort --version-sort); do
  [ "$(upstream "$kernel")" = "$(upstream "$newest")" ] || first=$kernel
done

for kernel in $(printf '%s\n' "$first" "$newest" | sort --unique); do
  get --download-only install "linux-headers-${kernel#linux-image-}" make gcc
done
take "$STORE"
get install "$first"
rm -f "$root"/var/cache/apt/archives/*.deb
# shellcheck disable=SC2086
get --download-only install "$newest" "$KERNEL" $OFFLINE
take "$root/srv/lab-apt"

cd "$root/srv/lab-apt"
for package in *.deb; do
  dpkg-deb --field "$package"
  printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
    "$package" "$(stat --format=%s "$package")" "$(sha256sum "$package" | cut -d ' ' -f 1)"
done >Packages
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/lab-apt ./' >"$root/etc/apt/sources.list"
rm -rf "$root"/var/lib/apt/lists/*
