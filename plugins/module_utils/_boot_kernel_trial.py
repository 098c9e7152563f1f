# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one-time boot of a kernel: armed, running or failed, and what speaks against it.

Which kernel is tried stands in GRUB's environment next to C(next_entry), so that one write arms and remembers.
"""

from typing import Any, Callable, Dict, List, Optional, Set

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _cmdline
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kernels import order, running

NEXT = "next_entry"
RELEASE = "kernelops_trial"
BOOT = "kernelops_trial_boot"
# The boot in which the program saw first what became of it: a trial has one boot, and what runs later was chosen by a person.
SEEN = "kernelops_trial_seen"
# The release of a choice that GRUB did not take back.
STUCK = "kernelops_trial_stuck"
# The boot out of which no restart arms a trial by itself: a person has said so.
HOLD = "kernelops_trial_hold"
# Kernels that were left, after a trial or by a person for an older one, with a blank between them.
FAILED = "kernelops_failed"
KEXEC = 0xD  # in /proc/sys/kernel/bootloader_type, on x86: GRUB was not even asked
# dracut does not know panic=: without these it waits for a person when it finds no root (dracut.cmdline(7)).
DRACUT: Dict[str, Optional[str]] = {"rd.shell": "0", "rd.emergency": "reboot"}
BOOT_ID = "/proc/sys/kernel/random/boot_id"
NO_TRIAL: Dict[str, Any] = {"status": "none", "release": "", "entry": "", "named": False}


def observe(host: Host, variables: Dict[str, str], chosen: Callable[[str], Dict[str, Any]]) -> Dict[str, Any]:
    """Status (C(none), C(armed), C(stuck), C(running), C(failed)), the kernel, and the entry that GRUB would take once."""
    release, now = variables.get(RELEASE, ""), boot_id(host)
    choice = variables.get(NEXT, "")
    if choice:
        found = chosen(choice)
        ours = release == found["release"] and not variables.get(SEEN)
        is_stuck = ours and variables.get(BOOT) != now and not _kexec(host)
        status = "stuck" if is_stuck else "armed"
        return {"status": status, "release": found["release"], "entry": choice, "named": found["named"]}
    if not release or variables.get(BOOT) == now:
        # Armed in this boot and not any more: somebody else has taken it back.
        return dict(NO_TRIAL)
    first = variables.get(SEEN) in (None, "", now)
    status = "running" if release == running(host) and first else "failed"
    return {"status": status, "release": release, "entry": "", "named": False}


def _kexec(host: Host) -> bool:
    return int((host.read("/proc/sys/kernel/bootloader_type") or "0").strip() or "0") >> 4 == KEXEC


def of_these(trial: Dict[str, Any], releases: Set[str]) -> Dict[str, Any]:
    """The trial, but that one which failed is over when its kernel was removed. It is not forgotten: it may be installed again."""
    return dict(NO_TRIAL) if trial["status"] == "failed" and trial["release"] not in releases else trial


def stuck(variables: Dict[str, str], trial: Dict[str, Any]) -> str:
    """Why one-time boots are permanent here, whatever the storage looks like; '' for no reason."""
    release = trial["release"] if trial["status"] == "stuck" else variables.get(STUCK, "")
    return "GRUB did not take back the one-time choice of %s" % release if release else ""


def failed(variables: Dict[str, str], trial: Dict[str, Any]) -> List[str]:
    """The kernels that were left: by a trial that was not confirmed, or by a person for an older one."""
    last = [trial["release"]] if trial["status"] == "failed" else []
    return last + [release for release in variables.get(FAILED, "").split() if release not in last]


def begun(host: Host, variables: Dict[str, str], trial: Dict[str, Any]) -> Dict[str, Optional[str]]:
    """The variables that outlast what this boot shows of a trial: what became of it, and a choice that GRUB did not take back."""
    wanted: Dict[str, Optional[str]] = {}
    if trial["status"] in ("stuck", "running", "failed") and not variables.get(SEEN):
        wanted[SEEN] = boot_id(host)
    if trial["status"] == "stuck":
        wanted.update({NEXT: None, STUCK: trial["release"]})
    return wanted


def boot_id(host: Host) -> str:
    """What tells this boot from all others."""
    return (host.read(BOOT_ID) or "").strip()


def settings(host: Host, state: Dict[str, Any], wish: Any, entry: Optional[Dict[str, Any]]) -> Dict[str, Optional[str]]:
    """The variables that arm, or that disarm and forget; none where nothing of a trial is to change."""
    known_good = state["known_good"] if wish.known_good is None else wish.known_good
    remembered = state["environment"]["variables"].get(RELEASE) or state["trial"]["release"]
    nothing: Dict[str, Optional[str]] = {NEXT: None, RELEASE: None, BOOT: None, SEEN: None}
    if wish.known_good == "":
        if state["environment"]["variables"].get(RELEASE) != state["trial"]["release"]:
            # Somebody else's choice, or none.
            del nothing[NEXT]
        return dict(nothing, **{STUCK: None, FAILED: None, HOLD: None})
    if state["trial"]["status"] == "stuck":
        nothing[STUCK] = state["trial"]["release"]
    if wish.trial == "" and wish.retry:
        return dict(nothing, **{FAILED: None, HOLD: None})
    others = {FAILED: " ".join(_others(state, wish)) or None}
    if wish.trial == "":
        return dict(nothing, **dict(others, **{HOLD: boot_id(host)}))
    if wish.trial and wish.trial == known_good:
        return dict(nothing, **others)
    begun_already = state["trial"]["status"] == "running" and state["trial"]["release"] == wish.trial
    if wish.trial is None or entry is None or begun_already:
        if wish.known_good and wish.known_good == remembered:
            return dict(nothing, **others)
        return others if wish.known_good in state["failed"] or _stepped_back(state, wish) else {}
    return dict(others, **{NEXT: entry["id"], RELEASE: wish.trial, BOOT: boot_id(host), SEEN: None, HOLD: None})


def _others(state: Dict[str, Any], wish: Any) -> List[str]:
    """The kernels that were left beside those of a wish, among what is installed."""
    last = _stepped_back(state, wish) + ([state["trial"]["release"]] if state["trial"]["status"] == "running" else [])
    there = [kernel["release"] for kernel in state["kernels"]]
    found = last + [release for release in state["failed"] if release not in last]
    return [release for release in found if release in there and release not in (wish.trial, wish.known_good)]


def _stepped_back(state: Dict[str, Any], wish: Any) -> List[str]:
    """The newer kernel that somebody leaves for an older one: they have a reason, so no restart goes back to it by itself."""
    earlier = state["known_good"] or state["running"]
    return [earlier] if wish.by_person and wish.known_good and order(wish.known_good) < order(earlier) else []


def interrupted(state: Dict[str, Any]) -> bool:
    """Whether the host went down while the kernel was being confirmed, before the menu was made, and nobody has judged that yet."""
    trial = state["trial"]
    return bool(
        trial["status"] == "failed"
        and trial["release"] == state["known_good"]
        and trial["release"] != state["default"]["release"]
    )


def held(host: Host, state: Dict[str, Any]) -> bool:
    """Whether somebody has said that the next restart tries nothing."""
    return bool(state["environment"]["variables"].get(HOLD) == boot_id(host))


def refuse(state: Dict[str, Any], wish: Any, entry: Optional[Dict[str, Any]]) -> None:
    """Raises HostError where a trial would not come back by itself, or has failed before."""
    known_good = wish.known_good or state["known_good"]
    if wish.trial == known_good or (state["trial"]["status"] == "running" and state["trial"]["release"] == wish.trial):
        return
    if not state["environment"]["writable"]:
        raise HostError(
            "trial: refused: %s, so the one-time boot would be permanent; boot the kernel by hand with a console, "
            "and set known_good when it is healthy" % state["environment"]["reason"]
        )
    if wish.trial in state["failed"] and not wish.retry:
        raise HostError(
            "trial: %s was tried and left again, or left for an older kernel; see why, then set retry: true"
            % wish.trial
        )
    if entry is not None and not entry["initrd"]:
        raise HostError("trial: the entry '%s' has no initrd; make the boot menu anew (update-grub)" % entry["title"])
    if entry is not None and not restarts(entry["arguments"], state["needed"]):
        needed = " ".join(["panic=10"] + ([_cmdline.render(state["needed"])] if state["needed"] else []))
        raise HostError(
            "trial: the entry '%s' would hang for ever after a failed boot; set %s with the module kernel_cmdline"
            % (entry["title"], needed)
        )


def restarts(arguments: str, others: Dict[str, Optional[str]]) -> bool:
    """Whether an entry restarts by itself after a panic; 0 halts, and a negative number restarts at once."""
    value = _cmdline.effective(arguments, "panic") or "0"
    number = value[1:] if value.startswith("-") else value
    return number.isdigit() and int(number) != 0 and _cmdline.has(arguments, others)
