# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script for the initrds of initramfs-tools that restarts a host which hangs in there, before any unit could."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

# The folder's scripts are the first that an initramfs runs; update-initramfs puts them into each initrd that it makes.
PATH = "/etc/initramfs-tools/scripts/init-top/kernelops_fallback_kernel"
# Debian's dracut comes with an update-initramfs of its own, but not with this.
MAKER = "/usr/sbin/mkinitramfs"
TEXT = """\
#!/bin/sh
{header}# update-initramfs puts this into the initrds that it makes. It restarts a host that does not leave its initramfs in {seconds} seconds.
[ "$1" != prereqs ] || exit 0

panic=
for word in $(cat /proc/cmdline); do
  case $word in
    # As here, the last one counts. Where it is missing a person gets a shell, as in recovery entries.
    panic=*) panic=${{word#panic=}} ;;
    # A person wants a shell, somebody types a passphrase, or a dump is to be saved.
    break | break=* | cryptopts=?* | elfcorehdr=*) exit 0 ;;
  esac
done
case ${{panic#-}} in '' | *[!0-9]*) exit 0 ;; esac
[ "${{panic#-}}" -gt 0 ] || exit 0
[ ! -e /proc/vmcore ] && [ ! -s /cryptroot/crypttab ] && [ ! -e /sbin/dropbear ] || exit 0

# What may rightly take its time, or waits for a person, and must not be torn: as long as it runs, no time passes.
busy() {{
  for entry in /proc/[0-9]*; do
    read -r name <"$entry/comm" || continue
    case $name in
      fsck* | *fsck | logsave | xfs_repair | btrfs | bcachefs | mount | mount.* | nfsmount | resume) return 0 ;;
      lvm | vgchange | lvchange | thin_check | cache_check | pdata_tools | mdadm | zpool | zfs) return 0 ;;
      askpass | plymouth | cryptsetup | clevis* | systemd-ask-pas* | systemd-tty-ask* | dropbear | *sshd*) return 0 ;;
    esac
  done
  return 1
}}

guard() {{
  passed=0 last=0
  while [ "$passed" -lt {seconds} ]; do
    sleep 1
    # Both are gone as soon as the real root takes over.
    [ -e "$0" ] && read -r now rest </proc/uptime || exit 0
    now=${{now%.*}}
    busy || passed=$((passed + now - last))
    last=$now
  done
  echo "<2>kernelops fallback_kernel: the initramfs was not left within {seconds} seconds, restarting" >/dev/kmsg
  echo s >/proc/sysrq-trigger
  sleep 2
  echo b >/proc/sysrq-trigger || reboot -f
}}

guard </dev/null >/dev/null 2>&1 &
"""


def script(header: str, options: Dict[str, Any]) -> File:
    """The script, as the policy has it."""
    return File(TEXT.format(header=header, seconds=options["boot_timeout"]), 0o755)


def before(host: Host, releases: List[str]) -> List[str]:
    """The kernels whose initrd is older than the script, so that it cannot hold it as it is now."""
    made = dict((release, host.modified("/boot/initrd.img-" + release)) for release in releases)
    written = host.modified(PATH) or 0.0
    return [release for release, at in made.items() if at is not None and at < written]
