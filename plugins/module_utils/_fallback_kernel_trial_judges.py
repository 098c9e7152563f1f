# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controls of the role fallback_kernel ask of a trial, of what confirms it, and of the menu for a person."""

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel_trial,
    _fallback_kernel_files,
    _fallback_kernel_initramfs,
    _fallback_kernel_policy,
    _fallback_kernel_units,
    _kernels,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._fallback_kernel_judges import SET, needs
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._judging import HARDEN, Dictionary, part

DAY = 24 * 3600
# Seconds that the last looks behind the timeout may take.
LOOKS = 300
# What CrashReboot= and CrashAction= may say for it.
RESTARTS = ("reboot", "1", "yes", "y", "true", "t", "on")
TRY = "restart the host orderly, or boot_kernel with trial: newest"
RETRY = "see why it was left; then boot_kernel with trial: newest and retry: true, and restart the host orderly; or remove it"
UNPIN = "proxmox-boot-tool kernel unpin, or boot_kernel with trial: newest; then restart the host orderly"
CONFIRM = "boot it from the menu, with a console at hand; then boot_kernel with known_good: running"


@needs("program")
def confirmation_installed(policy: Dictionary, state: Dictionary) -> Dictionary:
    found = state["program"]
    wanted = _fallback_kernel_files.units(found["facts"], _fallback_kernel_policy.options(policy))
    expected = "the program that confirms a kernel or leaves it again, as this policy has it"
    wrong = [path for path, file in sorted(wanted.items()) if found["files"].get(path) != file.text]
    wrong += [] if found["current"] else [_fallback_kernel_files.PROGRAM]
    names = [name for name in found["units"] if _fallback_kernel_files.unit_path(name) in wanted]
    off = [name for name in names if found["units"][name]["masked"] or not found["units"][name]["enabled"]]
    stopped = [name for name in names if name == _fallback_kernel_units.ARM and found["active"][name] != "active"]
    reasons = ["not as wanted: %s" % ", ".join(wrong)] if wrong else []
    reasons += ["not started at boot: %s" % ", ".join(off)] if off else []
    reasons += ["not started, so that no restart passes by it: %s" % ", ".join(stopped)] if stopped else []
    stands = found["crash"] and found["crash"]["value"].lower() not in RESTARTS
    reasons += ["%s has a systemd that crashes stand still" % found["crash"]["source"]] if stands else []
    if reasons:
        remedy = "systemctl unmask %s; then %s" % (" ".join(off), SET) if off else SET
        remedy = "take it out of that file; then %s" % SET if stands else remedy
        return part("fail", expected, "not so", reason="; ".join(reasons), remedy=remedy, evidence=wrong)
    return part("pass", expected, "installed")


@needs("boot", "program")
def console_menu(policy: Dictionary, state: Dictionary) -> Dictionary:
    expected = "a menu in which a person can choose a kernel, recovery mode or a check of the file systems"
    if state["boot"]["method"] != "grub":
        reason = "boot method: %s; the role leaves its menu as it is" % state["boot"]["method"]
        return part("not_applicable", expected, "", reason=reason)
    options = _fallback_kernel_policy.options(policy)
    flaw = _fallback_kernel_files.menu_flaw(state["menu"], state["program"]["facts"], options)
    if flaw:
        return part("fail", expected, "not so", reason=flaw, remedy=SET, evidence=["/boot/grub/grub.cfg"])
    if state["menu"]["restarting"]:
        # The operator's own argument, so the role leaves it, and sets up the rest all the same.
        reason = "recovery entries have panic=, so that they restart instead of giving a shell where no root is found"
        remedy = "move panic= from GRUB_CMDLINE_LINUX to GRUB_CMDLINE_LINUX_DEFAULT, which recovery entries do not read; then update-grub"
        return part("fail", expected, "not so", reason=reason, remedy=remedy, evidence=["/etc/default/grub"])
    return part("pass", expected, "%s seconds" % options["menu_timeout"])


@needs("listening")
def ssh_watched(policy: Dictionary, state: Dictionary) -> Dictionary:
    port = int(policy["fallback_kernel_ssh_port"])
    expected = "something listens on TCP port %d, so that a trial without it is noticed" % port
    observed = ", ".join(map(str, state["listening"])) or "no port"
    if port in state["listening"]:
        return part("pass", expected, str(port))
    reason = "a kernel on which sshd does not start would be confirmed"
    remedy = "set fallback_kernel_ssh_port to the port of sshd, or start it; then " + HARDEN
    return part("fail", expected, observed, reason=reason, remedy=remedy)


@needs("boot", "left", "program")
def trial_result(policy: Dictionary, state: Dictionary) -> Dictionary:
    trial, left, service = state["boot"]["trial"], state["left"] or {}, _fallback_kernel_units.CONFIRM
    expected = "no trial that failed"
    noted = left.get("release") == trial["release"]
    why = ": " + "; ".join(left["problems"]) if noted and left["problems"] else ""
    if trial["status"] == "failed":
        reason = "%s was booted once and left again without being confirmed%s" % (trial["release"], why)
        remedy = (
            "look at crash_info and the console log; then boot_kernel with trial: none, and retry: true to try it again"
        )
        return part("fail", expected, trial["release"], reason=reason, remedy=remedy)
    late = state["uptime"] > int(policy["fallback_kernel_boot_timeout"]) + LOOKS
    if trial["status"] == "running" and (late or state["program"]["active"][service] == "failed"):
        reason = "%s runs and was not confirmed, and the next restart leaves it%s" % (trial["release"], why)
        remedy = "set it right, then systemctl restart %s; or boot_kernel with known_good: running" % service
        return part("fail", expected, trial["release"], reason=reason, remedy=remedy)
    if state["program"]["active"][service] == "failed":
        remedy = "journalctl -b -u %s; then systemctl restart %s" % (service, service)
        return part("fail", expected, trial["status"], reason="%s has failed" % service, remedy=remedy)
    return part("pass", expected, trial["status"])


@needs("kernels", "boot")
def trial_pending(policy: Dictionary, state: Dictionary) -> Dictionary:
    limit = int(policy["fallback_kernel_trial_max_age"])
    expected = "no new kernel waits longer than %d days" % limit
    known_good, newest = state["boot"]["known_good"], state["boot"]["newest"]
    if not known_good or not newest or _kernels.order(newest) <= _kernels.order(known_good):
        return part("pass", expected, "none waits")
    since = state["installed_at"].get(newest)
    # Where GRUB cannot write, an orderly restart tries nothing.
    again = RETRY if newest in state["boot"]["failed"] else UNPIN if state["boot"]["pin"] == known_good else TRY
    remedy = again if state["boot"]["environment"]["writable"] else CONFIRM
    if since is None:
        return part("unknown", expected, newest, reason="nothing tells when %s was installed" % newest, remedy=remedy)
    days = int((state["now"] - since) // DAY)
    observed = "%s for %d days" % (newest, days)
    if days > limit:
        reason = "the host is not patched: %s waits to be confirmed" % newest
        return part("fail", expected, observed, reason=reason, remedy=remedy)
    if newest in state["unguarded"]:
        reason = "its initrd is older than %s: were it to hang in there, it would not be left" % (
            _fallback_kernel_initramfs.PATH
        )
        return part("fail", expected, observed, reason=reason, remedy="update-initramfs -u -k %s" % newest)
    return part("pass", expected, observed)


@needs("boot")
def environment_writable(_policy: Dictionary, state: Dictionary) -> Dictionary:
    environment = state["boot"]["environment"]
    expected = "GRUB can write %s" % environment["path"]
    if not environment["writable"]:
        armed = state["boot"]["trial"]["status"] in ("armed", "stuck")
        more = "; a one-time boot is set and will be permanent" if armed else ""
        remedy = "confirm new kernels by hand, or give /boot a plain partition"
        if environment["variables"].get(_boot_kernel_trial.STUCK):
            remedy = "see why GRUB cannot write %s; then unset %s in it with grub-editenv" % (
                environment["path"],
                _boot_kernel_trial.STUCK,
            )
        remedy = "boot_kernel with trial: none" if armed else remedy
        return part("fail", expected, environment["file_system"], reason=environment["reason"] + more, remedy=remedy)
    if not environment["whole"]:
        remedy = "grub-editenv %s create" % environment["path"]
        return part("fail", expected, "missing or damaged", reason="GRUB would not take the block", remedy=remedy)
    return part("pass", expected, environment["file_system"])
