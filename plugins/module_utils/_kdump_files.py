# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the role kdump adds to a host, whatever tool of the distribution takes the dump."""

from typing import Any, Dict, List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File

ROTATE = "/usr/local/sbin/kernelops-kdump-rotate"
SSH_CONFIG = "/etc/ssh/ssh_config.d/kernelops-kdump.conf"
KNOWN_HOSTS = "/root/.ssh/known_hosts"
HEADER = "# Managed by Ansible, kernelops.panic_hardening.kdump_config: changes are overwritten.\n"
IN_CAPTURE = "test -s /proc/vmcore"


ROTATE_TEXT = """\
#!/bin/sh
{header}# Removes the oldest memory dumps: at most "keep" stay, on at most "percent" of their file system.
# "before-dump", in the capture kernel, also makes room for the one to come; what it makes too many goes at the next boot.
# It never ends with an error: an old dump must not cost a new one.
directory='{directory}'
keep={keep}
percent={percent}
need_kib=0
[ "$1" != before-dump ] || need_kib={need_kib}

dumps() {{
  # A slash at the end: the directory itself may be a link. Nothing goes whose name is not that of a dump.
  find "$directory/" -mindepth 1 -maxdepth 1 -type d |
    grep -E '/([^/]*-)?20[0-9]{{2}}([0-9]{{8}}|(-[0-9]{{2}}){{2}}-[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?)$' | sort
}}

disk() {{
  df -Pk "$directory" | awk -v column="$1" 'NR == 2 {{ print $column }}'
}}

too_much() {{
  [ "$(dumps | wc -l)" -gt "$keep" ] && return 0
  used=$(dumps | xargs -r -d '\\n' du -sk | awk '{{ sum += $1 }} END {{ print sum + 0 }}')
  if [ "$(dumps | wc -l)" -gt 1 ] && [ "$used" -gt "$(($(disk 2) / 100 * percent))" ]; then return 0; fi
  [ "$(disk 4)" -lt "$need_kib" ]
}}

[ -d "$directory" ] || exit 0
while [ -n "$(dumps)" ] && too_much; do
  oldest=$(dumps | head -n 1)
  echo "kernelops-kdump-rotate: removing $oldest"
  rm -rf --one-file-system -- "$oldest" || exit 0
  [ ! -e "$oldest" ] || exit 0
done
exit 0
"""


def rotation(options: Dict[str, Any], needed: int) -> File:
    """The program that keeps the dump directory small; C(needed) is the room for a new dump, in bytes."""
    text = ROTATE_TEXT.format(
        header=HEADER,
        directory=options["directory"],
        keep=options["keep"],
        percent=options["space_percent"],
        need_kib=needed // 1024,
    )
    return File(text, 0o755)


def drop_in(unit: str) -> str:
    """The path of our part of a systemd unit."""
    return "/etc/systemd/system/%s.d/kernelops-kdump.conf" % unit


def rotate_at_boot() -> File:
    """For the unit that loads the crash kernel at each boot."""
    return File(HEADER + "[Service]\nExecStartPre=-%s\n" % ROTATE)


def bounded_dump(timeout: int, network: List[str]) -> File:
    """For the unit that takes the dump: room and network first, and a restart of the machine where it fails or never ends."""
    unit = "[Unit]\nFailureAction=reboot-force\n"
    if network:
        unit += "Wants=%s\nAfter=%s\n" % (" ".join(network), " ".join(network))
    service = "[Service]\nExecStartPre=-%s before-dump\n" % ROTATE
    if timeout:
        # The job waits for what the dump needs, e.g. the network; the service is the dump itself.
        unit += "JobTimeoutSec=%d\nJobTimeoutAction=reboot-force\n" % timeout
        service += "TimeoutStartSec=%d\n" % timeout
    return File(HEADER + unit + service)


def no_emergency_shell() -> File:
    """For emergency.service: a capture kernel that lacks a file system would wait there for a password, for ever."""
    return File(HEADER + "[Service]\nExecStartPre=-/bin/sh -c '%s && systemctl --force reboot'\n" % IN_CAPTURE)


def ssh_config(options: Dict[str, Any]) -> File:
    """For ssh in the capture kernel: it asks nobody, and gives up on a host that does not answer."""
    host = options["ssh"].split("@", 1)[1]
    lines = (
        'Match originalhost %s exec "%s"' % (host, IN_CAPTURE),
        "    BatchMode yes",
        "    StrictHostKeyChecking yes",
        "    ConnectTimeout 15",
        "    ServerAliveInterval 15",
        "    ServerAliveCountMax 4",
    )
    return File(HEADER + "\n".join(lines) + "\n")
