#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: boot_kernel
short_description: Choose the kernel that a host boots, and try another one once
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Lists the installed kernels and the boot entries, sets the known-good kernel, which every ordinary restart boots, and arms or disarms a
    trial, the one-time boot of another kernel. When that panics or cannot be loaded, the next boot is the known-good kernel again.
  - Without O(known_good), O(trial) and O(state=absent) it only reads.
  - Names are checked against what is installed. A kernel without image, initrd or modules becomes neither the known-good kernel nor a trial.
  - On Debian and Ubuntu with GRUB it puts an entry of its own on top of the menu, makes it the default, and sends GRUB there when another
    entry cannot be loaded, instead of waiting for a key. It writes C(/etc/grub.d/09_boot_kernel) and
    C(/etc/default/grub.d/zz-boot_kernel.cfg); the new menu takes the place of the old one only when it is so.
  - In the RHEL family the known-good kernel is the saved entry, and C(UPDATEDEFAULT=no) in C(/etc/sysconfig/kernel) keeps updates from
    changing it. There GRUB may still wait for a key when a kernel's file is missing.
  - A trial is refused where GRUB cannot write its environment (LVM, md RAID, an encrypted or read-only C(/boot), any file system but
    ext2 to ext4, XFS and FAT), because the one-time boot would be permanent; where the entry would hang for ever after a failed boot, for want
    of C(panic=), and with dracut of C(rd.shell=0 rd.emergency=reboot), on its command line; where the entry has no initrd; and where the
    known-good kernel is not the default any more.
  - Which kernel is tried is remembered in GRUB's environment. One that was left again without being confirmed is not tried a second time
    unless O(retry=true), also when others were tried meanwhile, and neither is one that was left for an older O(known_good).
    To confirm a kernel, set O(known_good) to it.
  - Where GRUB was seen not to take back a choice, no trial is armed until C(kernelops_trial_stuck) is unset in its environment.
  - A boot method that it does not know (unified kernel images, ostree, extlinux, zipl, a provider's kernel) is named and left alone.
  - The module never reboots.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  known_good:
    description:
      - Release of the kernel that every ordinary restart boots, as C(uname -r) shows it; V(running) and V(newest) stand for these.
    type: str
  trial:
    description:
      - Release of the kernel that the next restart boots, once; V(newest) stands for the newest that is whole, V(none) ends a trial, and out of
        this boot no restart begins another by itself. What has failed stays remembered. With O(retry=true) all of that is forgotten, and
        the next restart may try again.
      - The known-good kernel needs no trial, so naming it disarms one, too.
    type: str
  retry:
    description: Whether a kernel may be tried again that was tried before and not confirmed.
    type: bool
    default: false
  state:
    description:
      - V(present) changes what O(known_good) and O(trial) say, V(absent) takes back all that this module wrote.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: kernelops.panic_hardening.kernel_cmdline
"""

EXAMPLES = r"""
- name: See what is installed and what boots
  kernelops.panic_hardening.boot_kernel:
  become: true

- name: Keep to the kernel that runs now, and try the newest one at the next restart
  kernelops.panic_hardening.boot_kernel:
    known_good: running
    trial: newest
  become: true

- name: Confirm the kernel that runs now
  kernelops.panic_hardening.boot_kernel:
    known_good: running
  become: true

- name: Try nothing at the next restart, whatever waits
  kernelops.panic_hardening.boot_kernel:
    trial: none
  become: true
"""

RETURN = r"""
applicable:
  description: Whether this host has a boot method that the module knows.
  returned: always
  type: bool
  sample: true
method:
  description: Name of the boot method.
  returned: always
  type: str
  sample: grub
running:
  description: Release of the running kernel.
  returned: when RV(applicable)
  type: str
  sample: 6.1.0-53-amd64
newest:
  description: Release of the newest kernel that is whole; empty if there is none.
  returned: when RV(applicable)
  type: str
  sample: 6.1.0-56-amd64
known_good:
  description: Release of the known-good kernel that was set; empty if none was. After the change, in check mode before it, as all that follows.
  returned: when RV(applicable)
  type: str
  sample: 6.1.0-53-amd64
default:
  description:
    - What an ordinary restart boots. C(named) is false where the default names no entry, so that it is the first one.
    - C(fallback) is what GRUB boots when an entry cannot be loaded, C(waits) whether its menu waits for a person for ever.
  returned: when RV(applicable)
  type: dict
  sample:
    choice: kernelops-known-good
    id: kernelops-known-good
    release: 6.1.0-53-amd64
    named: true
    fallback: "0"
    waits: false
trial:
  description:
    - The trial. C(status) is C(none), C(armed) (the next restart boots it), C(running), C(failed) (left again without being confirmed,
      also while a person has booted it by hand), or C(stuck) (GRUB did not take back the choice and boots it at every restart).
  returned: when RV(applicable)
  type: dict
  sample:
    status: armed
    release: 6.1.0-56-amd64
    entry: gnulinux-advanced-9e0d>gnulinux-6.1.0-56-amd64-advanced-9e0d
    named: true
left:
  description: Releases that were left, after a trial or for an older known-good kernel, while they are installed. No restart tries them by itself.
  returned: when RV(applicable)
  type: list
  elements: str
  sample: []
environment:
  description: GRUB's environment block, whether GRUB can write it, and why not.
  returned: when RV(applicable)
  type: dict
  sample:
    path: /boot/grub/grubenv
    file_system: ext4
    source: /dev/vda3
    reason: ""
    writable: true
    whole: true
    variables:
      next_entry: gnulinux-advanced-9e0d>gnulinux-6.1.0-56-amd64-advanced-9e0d
kernels:
  description: The installed kernels, newest first, with what keeps them from booting.
  returned: when RV(applicable)
  type: list
  elements: dict
  sample:
    - release: 6.1.0-56-amd64
      image: /boot/vmlinuz-6.1.0-56-amd64
      initrd: /boot/initrd.img-6.1.0-56-amd64
      bytes: 48200133
      missing: []
      bootable: true
entries:
  description: The boot entries that start Linux, in the menu's order.
  returned: when RV(applicable)
  type: list
  elements: dict
  sample:
    - id: kernelops-known-good
      title: "Known-good kernel: Debian GNU/Linux, with Linux 6.1.0-53-amd64"
      kernel: /boot/vmlinuz-6.1.0-53-amd64
      release: 6.1.0-53-amd64
      arguments: "root=UUID=9e0d ro quiet panic=10"
      recovery: false
      known_good: true
      initrd: true
      source: /boot/grub/grub.cfg
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _virtualization,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host

RESULTS = ("running", "newest", "known_good", "default", "trial", "environment", "kernels", "entries")


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    if module.params["state"] == "absent" and (module.params["known_good"] or module.params["trial"]):
        raise PolicyError("state: absent takes everything back, so neither known_good nor trial may be given")
    if _virtualization.observe(host)["kind"] == "container":
        module.warn("This is a container: it does not boot a kernel, so there is none to choose.")
        return dict(changed=False, applicable=False, method="container")
    state = _boot_kernel.observe(host)
    if not state["supported"]:
        module.warn("Boot method '%s' is not supported: choose the kernel by its own means." % state["method"])
        return dict(changed=False, applicable=False, method=state["method"])
    for text in _boot_kernel.warnings(state):
        module.warn(text)
    wish = _wish(module.params, state)
    changes = _boot_kernel_changes.plan(host, state, wish)
    if changes and not module.check_mode:
        _writer.need_root()
        state = _boot_kernel_changes.apply(host, state, wish)
    return dict(
        dict((name, state[name]) for name in RESULTS),
        # Under the name that it has in the state Ansible would take the task for one that has failed.
        left=state["failed"],
        changed=bool(changes),
        applicable=True,
        method=state["method"],
        diff=[
            dict(before_header=c["path"], after_header=c["path"], before=c["before"], after=c["after"]) for c in changes
        ],
    )


def _wish(params: Dict[str, Any], state: Dict[str, Any]) -> _boot_kernel_changes.Wish:
    if params["state"] == "absent":
        return _boot_kernel_changes.Wish("", "")
    known_good, trial = params["known_good"], params["trial"]
    if known_good is not None:
        known_good = _boot_kernel_changes.named(state, "known_good", known_good)
    if trial is not None:
        trial = "" if trial == "none" else _boot_kernel_changes.named(state, "trial", trial)
    return _boot_kernel_changes.Wish(known_good, trial, params["retry"], by_person=True)


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            known_good=dict(type="str"),
            trial=dict(type="str"),
            retry=dict(type="bool", default=False),
            state=dict(type="str", choices=["present", "absent"], default="present"),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
