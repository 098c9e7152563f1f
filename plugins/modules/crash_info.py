#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: crash_info
short_description: What crashed, why, and what to do first
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Finds kernel crashes, stalls and hardware errors in the evidence that a host keeps, or in the files named in O(paths), and tells for
    each the kind, the culprit function and driver, the likely cause and the first step of a diagnosis.
  - An incident is a whole chain. Its first crash names it; what follows from it, a second oops or the panic, belongs to it.
  - The host's own evidence is the journal, C(/var/crash) or the local directory that the settings of kdump name, pstore and its archive,
    the spools of ABRT and apport, the kernel's log files below C(/var/log), also compressed, and the running kernel's buffer. Memory dumps
    themselves are not opened, and those on a device that only kdump mounts are not found; name their text in O(paths).
  - In that evidence the same incident in the journal, in pstore and in a dump directory is one incident with several pieces of
    evidence.
  - Without O(paths), options that the task does not give are taken from the host's variables C(panic_hardening_diagnose_since),
    C(panic_hardening_diagnose_boots), C(panic_hardening_diagnose_limit) and C(panic_hardening_diagnose_kinds).
  - What users could have put among the dumps and into C(/var/spool/abrt) and C(/var/tmp/abrt) proves nothing and is not read there, a file or directory
    of a user (a number from 1000 on), or one that any user may write to. Apport writes the kernel's reports as root or as a user of the system; what it
    writes for a user is about that user's programs. RV(unread) names what was left out; O(paths) reads it all the same.
  - A file that cannot be read or is damaged is a warning, never a failure. Without root it says what it could not read.
  - It changes nothing.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.reader
options:
  paths:
    description:
      - Files to look at instead of the host's own evidence, each judged alone. Any text with kernel messages will do, from C(dmesg),
        C(journalctl), syslog, a serial console, pstore or apport, also compressed with gzip, bzip2, xz or zstd. Before Python 3.14 the last
        needs the program C(zstd) on the host.
    type: list
    elements: str
    default: []
  kinds:
    description:
      - Only incidents of these kinds. The collection's C(docs/incidents.md) says what each means.
    type: list
    elements: str
    choices:
      [null-deref, paging-fault, gpf, cpu-exception, divide-error, double-fault, stack-overflow, kernel-bug, bug-other, mem-corruption,
       kasan, kfence, sanitizer, locking, atomic-context, soft-lockup, hard-lockup, rcu-stall, hung-task, workqueue-lockup, warning,
       panic-vfs-root, panic-init, panic-other, oom, mce, thermal, nmi, pcie-error, io-error, fs-error, unexpected-reboot]
    default: []
  since:
    description:
      - Only incidents from this time on, as C(2026-11-02) or C(2026-11-02T03:00:00Z). Incidents whose time no evidence tells are kept.
    type: str
  boots:
    description:
      - How many boots of the journal to look at, the running one included.
    type: int
    default: 10
  limit:
    description:
      - How many incidents to return, the newest first. V(0) for all.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: See what crashed on a host
  kernelops.panic_hardening.crash_info:
  become: true
  register: crashes

- name: Read a log that somebody sent
  kernelops.panic_hardening.crash_info:
    paths: [/tmp/dmesg.txt]
  delegate_to: localhost

- name: Only hardware, since the last maintenance
  kernelops.panic_hardening.crash_info:
    kinds: [mce, io-error, pcie-error, thermal]
    since: "2026-11-01"
  become: true
"""

RETURN = r"""
last_boot:
  description:
    - How the boot before the running one ended, V(clean), V(panic), V(reset) or V(unknown). Not returned with O(paths).
    - With V(unknown), C(kept) tells whether the host keeps its journal over a restart at all.
  returned: success, without O(paths)
  type: dict
  sample: {ended: panic, boot_id: 0d7cbb6c3f7b4f7d9a3a3d2b0c1e5f60, at: "2026-11-02T03:14:07Z"}
since:
  description: The time from which on incidents were asked for, or an empty text.
  returned: success
  type: str
  sample: "2026-11-01"
incidents:
  description: One for each chain, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    kind: {description: What happened; one of a closed list, type: str, sample: null-deref}
    title: {description: The kernel's first words about it, type: str, sample: "BUG: kernel NULL pointer dereference in rtl8125_poll"}
    fatal: {description: Whether a panic or a reset followed, type: bool, sample: true}
    at: {description: "When, if the evidence tells; with C(Z) in UTC, else, in O(paths), in the log's own time", type: str, sample: "2026-11-02T03:14:07Z"}
    seconds: {description: Seconds since the boot, type: float, sample: 4711.5}
    kernel: {description: Release of the kernel, type: str, sample: 6.1.0-56-amd64}
    hardware: {description: The machine as the kernel names it, type: str, sample: "QEMU Standard PC (Q35 + ICH9, 2009)"}
    task: {description: The task that ran, type: dict, sample: {comm: swapper/1, pid: 0}}
    cpu: {description: "The CPU that it ran on; a task that hangs is on none", type: int, sample: 1}
    taint: {description: What the kernel was tainted with, type: list, elements: dict, sample: [{flag: O, meaning: out-of-tree module}]}
    function: {description: "The culprit, not the helper that reported it", type: str, sample: rtl8125_poll}
    module: {description: The driver to look at, type: str, sample: r8125}
    call_trace: {description: "Reliable frames only, innermost first", type: list, elements: str, sample: [rtl8125_poll+0x1c2]}
    follow_ups: {description: What else was reported in the chain, type: list, elements: str, sample: []}
    suspect: {description: "V(software), V(hardware), V(configuration), V(resources) or V(unknown)", type: str, sample: software}
    cause: {description: The likely cause in a sentence, type: str, sample: The driver r8125 used a pointer that was not set.}
    first_step: {description: What to do first, type: str, sample: Update or disable the driver r8125.}
    fingerprint: {description: Equal for the same bug on other hosts and in other builds, type: str, sample: 6f1d0c2a9b3e4d57}
    count: {description: How often this fingerprint was seen, type: int, sample: 1}
    source: {description: "The file, V(/dev/kmsg) or the boot of the journal that was read", type: str, sample: /var/crash/202611020314/dmesg.202611020314}
    line: {description: "Where it begins in its source, from 1", type: int, sample: 812}
    evidence: {description: Where else the same incident was seen, type: list, elements: str, sample: [journal of boot -1]}
unread:
  description:
    - What could not be read, or not to its end, or was left out because a user could have made it up, and why; each is a warning too.
  returned: success
  type: list
  elements: str
  sample: ["/var/log/kern.log.2.gz: damaged after 1048576 bytes of text: Compressed file ended before the end-of-stream marker was reached"]
summary:
  description: How many incidents were found, how many of them were fatal, and how many there were of each kind, with those beyond O(limit).
  returned: success
  type: dict
  sample: {incidents: 1, fatal: 1, kinds: {null-deref: 1}}
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _writer
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _evidence
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash._kinds import KINDS
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    wanted = _evidence.wanted(module.params)
    result: Dict[str, Any] = dict(changed=False, since=wanted.since)
    if module.params["paths"]:
        found = _evidence.of_files(host, module.params["paths"])
    else:
        found = _evidence.of_host(host, module.params["boots"])
        result["last_boot"] = found.last_boot
    result["unread"] = [_writer.printable(warning) for warning in found.warnings]
    for warning in result["unread"]:
        module.warn(warning)
    chosen = _evidence.select(found.incidents, wanted)
    result["incidents"] = chosen[: wanted.limit]
    result["summary"] = _evidence.summarize(chosen)
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            paths=dict(type="list", elements="str", default=[]),
            kinds=dict(type="list", elements="str", choices=list(KINDS), default=[]),
            since=dict(type="str"),
            boots=dict(type="int", default=10),
            limit=dict(type="int", default=0),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
