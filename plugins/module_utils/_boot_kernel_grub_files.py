# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that put the known-good kernel on top of GRUB's menu on Debian and Ubuntu, and make it the default."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _grub
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

GENERATOR = "/etc/grub.d/09_boot_kernel"
DROP_IN = _grub.drop_in("boot_kernel")
IDENT = "kernelops-known-good"
SCRIPT = """\
#!/bin/sh
# Managed by Ansible, kernelops.panic_hardening.boot_kernel: changes are overwritten.
# The known-good kernel is the first entry of the menu. Numbers shift with every kernel, but 0 does not: GRUB goes there
# when another entry cannot be loaded, instead of waiting for a key, and when a default names no entry.
set -e
known_good='@RELEASE@'

# The distribution's own entry, so that whatever this host needs to reach its kernels is in ours too. Without a release it
# is the newest that has an initrd: 10_linux puts a kernel on top whose installation has failed.
entry() {
  "${0%/*}/10_linux" 2>/dev/null | awk -v release="$1" -v title="$2" '
    function is_wanted() {
      if (release == "") return /^[ \\t]*menuentry .*menuentry_id_option \\047gnulinux-[^\\047]+-advanced-/
      return index($0, "$menuentry_id_option \\047gnulinux-" release "-advanced-")
    }
    !inside && is_wanted() {
      inside = 1
      bootable = 0
      text = ""
      match($0, /^[ \\t]*/)
      indent = RLENGTH
      sub(/menuentry \\047/, "menuentry \\047" title ": ")
      sub(/\\047gnulinux-[^\\047]*\\047 [{]$/, "\\047@ID@\\047 {")
    }
    inside {
      line = substr($0, 1, indent) ~ /[^ \\t]/ ? $0 : substr($0, indent + 1)
      text = text line "\\n"
      if (line ~ /^[ \\t]*initrd/) bootable = 1
      if (line == "}") inside = 0
      if (bootable && !inside) {
        printf "%s", text
        found = 1
        exit
      }
    }
    END { exit !found }'
}

title="Known-good kernel"
for release in "$known_good" "$(uname -r)" ""; do
  if text=$(entry "$release" "$title"); then
    printf 'set fallback=0\\n%s\\n' "$text"
    exit 0
  fi
  echo "boot_kernel: there is no entry with an initrd for ${release:-any kernel}" >&2
  title="In place of the known-good kernel"
done
"""
SETTINGS = """\
# Managed by Ansible, kernelops.panic_hardening.boot_kernel: changes are overwritten.
GRUB_DEFAULT='@ID@'
# It would make whatever is chosen once the default.
GRUB_SAVEDEFAULT=false
# A negative number waits for a person, for ever.
case "$GRUB_TIMEOUT" in -*) GRUB_TIMEOUT=5 ;; esac
case "$GRUB_RECORDFAIL_TIMEOUT" in -*) GRUB_RECORDFAIL_TIMEOUT=5 ;; esac
"""


def wanted(host: Host, release: str) -> List[Dict[str, Any]]:
    """The files for this known-good kernel ('' for none of ours): before, after, permissions."""
    texts = ((DROP_IN, SETTINGS, 0o644), (GENERATOR, SCRIPT, 0o755))
    return [
        {
            "path": path,
            "before": host.read(path) or "",
            "after": text.replace("@ID@", IDENT).replace("@RELEASE@", release) if release else "",
            "mode": mode,
        }
        for path, text, mode in texts
    ]


def not_runnable(host: Host, change: Dict[str, Any]) -> bool:
    """Whether a file that must be there has other permissions; raises HostError."""
    return bool(change["after"]) and host.mode(change["path"]) != change["mode"]


def put(host: Host, path: str, text: str, mode: int) -> None:
    """Write a file with these permissions, or remove it for ''; raises HostError."""
    if text:
        host.write(path, text, mode)
    else:
        host.remove(path)
