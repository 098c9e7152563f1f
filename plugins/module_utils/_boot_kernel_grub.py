# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known-good kernel with GRUB on Debian and Ubuntu: an entry of ours on top of the menu, which is the default."""

import re
from typing import Any, Callable, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _grub,
    _grub_env,
    _grub_menu,
    _kernels,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

ENVIRONMENT = "/boot/grub/grubenv"
GENERATOR = "/etc/grub.d/09_boot_kernel"
DROP_IN = _grub.drop_in("boot_kernel")
IDENT = "kernelops-known-good"
# The saved entry that was there before a known-good kernel was set: nobody has chosen against that.
EARLIER = "kernelops_saved_entry"
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


def entries(host: Host) -> List[Dict[str, Any]]:
    """The Linux entries of the menu; C(id) is what grub-reboot takes; raises Unreadable."""
    return [_shown(item) for item in _grub_menu.parse(host.read(_grub.GRUB_CFG) or "") if item.kernel]


def _shown(item: _grub_menu.Item) -> Dict[str, Any]:
    release = _kernels.release_of(item.kernel)
    return dict(_grub.entry(item), id=item.path, release=release, known_good=item.ident == IDENT, initrd=item.initrd)


def default(host: Host, environment: Dict[str, str]) -> Dict[str, Any]:
    """What a restart without a one-time choice boots, and whether GRUB could go on alone where that cannot be loaded."""
    text = host.read(_grub.GRUB_CFG) or ""
    choice = _grub_menu.default(text).replace("${saved_entry}", environment.get("saved_entry", ""))
    return dict(_picked(text, choice), fallback=_grub_menu.fallback(text), waits=_grub_menu.waits(text))


def chosen(host: Host, choice: str) -> Dict[str, Any]:
    """What GRUB boots for a one-time choice."""
    return _picked(host.read(_grub.GRUB_CFG) or "", choice)


def _picked(text: str, choice: str) -> Dict[str, Any]:
    items = _grub_menu.parse(text)
    item = _grub_menu.select(items, choice)
    return {
        "choice": choice,
        "id": item.path if item else "",
        "release": _kernels.release_of(item.kernel) if item else "",
        "named": _grub_menu.matches(items, choice),
    }


def known_good(host: Host) -> str:
    """The release that was set, '' for none."""
    found = re.search(r"(?m)^known_good='([^']*)'$", host.read(GENERATOR) or "")
    return found.group(1) if found else ""


def files(host: Host, release: str) -> List[Dict[str, Any]]:
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


def changes(host: Host, release: str) -> List[Dict[str, Any]]:
    """What is not as wanted: files of ours, and the menu where it was made without them."""
    found = [c for c in files(host, release) if c["before"] != c["after"] or _not_runnable(host, c)]
    text = host.read(_grub.GRUB_CFG) or ""
    before, after = _first(text), IDENT + ": " + release
    if release and _flaw(text, release):
        found.append({"path": _grub.GRUB_CFG, "before": before, "after": after + "\n", "mode": None})
    if not release and before.startswith(IDENT):
        found.append({"path": _grub.GRUB_CFG, "before": before, "after": "", "mode": None})
    return found


def _not_runnable(host: Host, change: Dict[str, Any]) -> bool:
    return bool(change["after"]) and host.mode(change["path"]) != change["mode"]


def _first(text: str) -> str:
    items = _grub_menu.parse(text)
    return "%s: %s\n" % (items[0].ident, _kernels.release_of(items[0].kernel)) if items else ""


def _flaw(text: str, release: str) -> str:
    """What in a grub.cfg would keep the known-good kernel from being where GRUB ends up by itself."""
    items = _grub_menu.parse(text)
    if not items or items[0].ident != IDENT or _kernels.release_of(items[0].kernel) != release:
        return "the first entry would not be the known-good kernel %s" % release
    if _grub_menu.default(text) != IDENT:
        return "the default would be '%s'" % _grub_menu.default(text)
    if _grub_menu.fallback(text) != "0":
        return "the fallback would be '%s'" % _grub_menu.fallback(text)
    return "the menu would wait for a key" if _grub_menu.waits(text) else ""


def left_behind(_host: Host, newest: str) -> str:
    """The kernel that restarts boot when nothing of ours is there any more, by the distribution's own default."""
    return newest


def apply(host: Host, release: str, judge: Optional[Callable[[str], None]] = None) -> None:
    """Write (or, for '', remove) our files and make the menu anew; on failure, or where C(judge) refuses it, all is as it was."""
    planned = files(host, release)
    modes = dict((change["path"], host.mode(change["path"], change["mode"])) for change in planned)
    try:
        for change in planned:
            _put(host, change["path"], change["after"], change["mode"])
        _grub.regenerate(host, lambda text: _refuse(text, release, judge))
    except HostError:
        for change in planned:
            _put(host, change["path"], change["before"], modes[change["path"]])
        raise


def _refuse(text: str, release: str, judge: Optional[Callable[[str], None]]) -> None:
    if judge:
        judge(text)
    flaw = _flaw(text, release) if release else ""
    if flaw:
        raise HostError(
            "%s: %s; look for another file in %s or /etc/grub.d that decides; nothing was changed"
            % (_grub.GRUB_CFG, flaw, _grub.DROP_INS)
        )


def _put(host: Host, path: str, text: str, mode: int) -> None:
    if text:
        host.write(path, text, mode)
    else:
        host.remove(path)


def settings(host: Host, release: str) -> Dict[str, Optional[str]]:
    """What GRUB's environment tells us, not GRUB: the default must hold where GRUB finds that empty or damaged, too."""
    if not release:
        return {EARLIER: None}
    if known_good(host):
        return {}
    return {EARLIER: _grub_env.values(_grub_env.read(host, ENVIRONMENT).text).get("saved_entry")}
