# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the role fallback_kernel puts on a host: the program, its units, and GRUB's menu for a person at the console."""

import re
from typing import Any, Dict, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel_grub_files,
    _cmdline,
    _fallback_kernel_initramfs,
    _fallback_kernel_units,
    _grub,
    _grub_menu,
    _program,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._changes import File
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._systemd import unit_path

HEADER = "# Managed by Ansible, kernelops.panic_hardening.fallback_kernel_config: changes are overwritten.\n"
PROGRAM = _program.LIBRARY + "/fallback_kernel.pyz"
NAME = "_fallback_kernel_program"
MANAGER = "/etc/systemd/system.conf.d/zz-fallback_kernel.conf"
CONSOLE = "%s/zz-fallback_kernel_console.cfg" % _grub.DROP_INS
CHECK = "/etc/grub.d/42_fallback_kernel"
CHECK_IDENT = "kernelops-check"
# From this one on systemd has CrashAction= in place of CrashReboot=.
CRASH_ACTION = 256
CONFIRM_TEXT = """\
{header}[Unit]
Description=Confirm the kernel that is tried, or leave it again
DefaultDependencies=no
After=systemd-remount-fs.service
RequiresMountsFor={library}
# Also while a boot hangs or ends in an emergency shell.
IgnoreOnIsolate=yes
Conflicts=shutdown.target
Before=shutdown.target
# The capture kernel of kdump is no trial.
ConditionPathExists=!/proc/vmcore

[Service]
ExecStart={python} -I {program} confirm {options}
Restart=on-failure
RestartSec=30
RestartPreventExitStatus={alarm}

[Install]
WantedBy=sysinit.target
"""
# Nothing wants it: the program starts it when a kernel that serves is not confirmed, and stops it when one is.
AGAIN_TEXT = """\
{header}[Unit]
Description=Look again at a kernel that serves and is not confirmed
DefaultDependencies=no
IgnoreOnIsolate=yes
Conflicts=shutdown.target
Before=shutdown.target

[Timer]
OnActiveSec=10min
OnUnitInactiveSec=10min
"""
ARM_TEXT = """\
{header}[Unit]
Description=Try a new kernel once at an orderly restart
DefaultDependencies=no
# In the opposite order it is stopped: behind all services, which may still install a kernel, and before the file systems.
After=local-fs.target
Before=basic.target shutdown.target
RequiresMountsFor=/boot /var/lib {library}
Conflicts=shutdown.target
ConditionPathExists=!/proc/vmcore

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=-{python} -I {program} arm
TimeoutStopSec=60

[Install]
WantedBy=sysinit.target
"""
CHECK_TEXT = """\
#!/bin/sh
{header}# For a person at the console: the known-good kernel once more, with a check of the file systems, and a shell where that fails.
"${{0%/*}}/09_boot_kernel" 2>/dev/null | sed -E \\
  -e '/^set fallback=/d' \\
  -e "s/^menuentry '[^:]*: /menuentry 'Check the file systems, then: /" \\
  -e "s/'{known_good}'/'{check}'/" \\
  -e '/^[[:blank:]]*linux/{{s/ panic=[^ ]*//g;s/$/ {token} fsck.mode=force fsck.repair=yes/}}'
"""
CONSOLE_TEXT = """\
{header}# A person at the console has the time to choose an older kernel, recovery mode, or a check of the file systems.
GRUB_TIMEOUT={timeout}
GRUB_TIMEOUT_STYLE=menu
GRUB_RECORDFAIL_TIMEOUT={timeout}
GRUB_DISABLE_RECOVERY=false
"""
SERIAL_TEXT = """\
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="${{GRUB_SERIAL_COMMAND:-serial --unit={unit} --speed={speed}}}"
"""


def facts(host: Host) -> Dict[str, Any]:
    """What the files depend on: the system's own Python, how its systemd is told to restart, what makes its initrds, the serial port."""
    version = re.match(r"systemd ([0-9]+)", host.run(["systemctl", "--version"]).out)
    # A port that the kernel does not speak to may not be there.
    port = re.findall(r"(?:^|\s)console=ttyS([0-9]+)(?:,([0-9]+))?", host.read("/proc/cmdline") or "")
    return {
        "python": _program.python(host),
        "crash_action": version is not None and int(version.group(1)) >= CRASH_ACTION,
        "initramfs_tools": host.exists(_fallback_kernel_initramfs.MAKER),
        "serial": {"unit": port[-1][0], "speed": port[-1][1] or "9600"} if port else None,
    }


def units(found: Dict[str, Any], options: Dict[str, Any]) -> Dict[str, File]:
    """What starts the program, and has a systemd that crashes, and an initramfs that hangs, restart the host; C(found) are the facts."""
    words = ["--%s %s" % (name.replace("_", "-"), options[name]) for name in ("retain", "ssh_port", "healthy_minutes")]
    words += ["--boot-timeout %d" % options["boot_timeout"], "--scripts %s" % options["scripts"]]
    words += ["--reboot-unconfirmed"] if options["reboot_unconfirmed"] else []
    parts = {
        "header": HEADER,
        "library": _program.LIBRARY,
        "program": PROGRAM,
        "python": found["python"],
        "options": " ".join(words),
        "alarm": _fallback_kernel_units.ALARM,
    }
    line = "CrashAction=reboot\n" if found["crash_action"] else "CrashReboot=yes\n"
    texts = {
        unit_path(_fallback_kernel_units.CONFIRM): File(CONFIRM_TEXT.format(**parts)),
        unit_path(_fallback_kernel_units.AGAIN): File(AGAIN_TEXT.format(**parts)),
        MANAGER: File(HEADER + "[Manager]\n" + line),
    }
    if options["arm_at_reboot"]:
        texts[unit_path(_fallback_kernel_units.ARM)] = File(ARM_TEXT.format(**parts))
    if found["initramfs_tools"]:
        texts[_fallback_kernel_initramfs.PATH] = _fallback_kernel_initramfs.script(HEADER, options)
    return texts


def console(found: Dict[str, Any], options: Dict[str, Any]) -> Dict[str, File]:
    """GRUB's menu, as Debian and Ubuntu configure it."""
    text = CONSOLE_TEXT.format(header=HEADER, timeout=options["menu_timeout"])
    if options["menu_serial"] and found["serial"]:
        text += SERIAL_TEXT.format(**found["serial"])
    parts = {"known_good": _boot_kernel_grub_files.IDENT, "check": CHECK_IDENT, "token": _cmdline.CHECK}
    check = CHECK_TEXT.format(header=HEADER, **parts)
    return {CONSOLE: File(text), CHECK: File(check, 0o755)}


def program() -> File:
    """The program itself."""
    # Here, because who only compares the program on a host need not compile it.
    from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _fallback_kernel_program

    return File(_program.archive(_fallback_kernel_program.__name__.rpartition(".")[2]))


def is_current(text: Optional[str]) -> bool:
    """Whether a program that was read is that one, without the time that it takes to make it."""
    return _program.current(text, NAME)


def menu(text: str) -> Dict[str, Any]:
    """What a grub.cfg offers to a person at the console."""
    items = _grub_menu.parse(text)
    return {
        "seconds": sorted(set(re.findall(r"(?m)^\s*set timeout=\"?([-0-9]+)", text))),
        "check": any(item.ident == CHECK_IDENT for item in items),
        "recovery": any("-recovery-" in item.ident for item in items),
        "restarting": any(map(_restarts_recovery, items)),
        "serial": re.search(r"(?m)^\s*terminal_input .*serial", text) is not None,
    }


def _restarts_recovery(item: _grub_menu.Item) -> bool:
    return "-recovery-" in item.ident and _cmdline.effective(item.arguments, "panic") is not None


def menu_flaw(offered: Dict[str, Any], found: Dict[str, Any], options: Dict[str, Any]) -> str:
    """What keeps a person at the console from choosing, '' for nothing."""
    if offered["seconds"] != [str(options["menu_timeout"])]:
        shown = " or ".join(offered["seconds"]) or "no"
        return "the menu is shown for %s seconds, not %s" % (shown, options["menu_timeout"])
    if not offered["check"]:
        return "no entry checks the file systems"
    if not offered["recovery"]:
        return "there are no recovery entries"
    if options["menu_serial"] and found["serial"] and not offered["serial"]:
        return "the menu cannot be used on the serial console"
    return ""
