#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors
#
# Runs on a machine: installs a package of another kernel, made of the running one's files under the name RELEASE. With
# EMPTY_BYTES its initrd is that many zeros, as a power cut can leave a file: it looks whole, and the kernel finds no root and panics.
# A kernel that boots would call itself by its old name. Its version is the release's own: apt counts kernels by version.
set -eu

release=$1
bytes=${2:-}
running=$(uname -r)
tree=$(mktemp -d)
trap 'rm -rf "$tree" "$tree.deb"' EXIT

mkdir -p "$tree/DEBIAN" "$tree/boot" "$tree/usr/lib/modules/$release"
cp "/boot/vmlinuz-$running" "$tree/boot/vmlinuz-$release"
if [ -n "$bytes" ]; then
  head -c "$bytes" /dev/zero >"$tree/boot/initrd.img-$release"
else
  cp "/boot/initrd.img-$running" "$tree/boot/initrd.img-$release"
fi
cp "/lib/modules/$running/modules.dep" "$tree/usr/lib/modules/$release/"
chmod 755 "$tree"
cat >"$tree/DEBIAN/control" <<EOF
Package: linux-image-$release
Version: $(printf '%s' "$release" | cut -d - -f 1-2)
Architecture: amd64
Maintainer: the lab <lab@example.com>
Description: a kernel that was repacked for a test
EOF
printf '#!/bin/sh\nexec update-grub\n' >"$tree/DEBIAN/postinst"
cp "$tree/DEBIAN/postinst" "$tree/DEBIAN/postrm"
chmod 755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/postrm"

dpkg-deb --root-owner-group -Znone --build "$tree" "$tree.deb" >/dev/null
dpkg --install "$tree.deb"
apt-mark auto "linux-image-$release"
