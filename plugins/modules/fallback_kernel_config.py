#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: fallback_kernel_config
short_description: Have a host leave a kernel by itself that does not boot or serve
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Keeps a known-good kernel as the default, as M(kernelops.panic_hardening.boot_kernel) does. The one that was set stays; where none was, or
    its files are not there any more, it is the one pinned with proxmox-boot-tool, else the running one, if it is whole and not being tried,
    or the only one. A kernel that has failed, or that nobody has seen run, is never chosen among several; the error then says what to set.
  - Installs a program, made of the collection's own modules, that needs no Ansible on the host. After each boot it confirms a kernel that is
    tried and healthy, or leaves it again. At an orderly restart, and never at a crash or a power cut, it has a newer kernel tried once.
  - Tells apt, dnf or zypper which kernels, or how many of them, must stay. On a boot method that M(kernelops.panic_hardening.boot_kernel) does not
    know, but where kernels are in C(/boot) (GRUB on SUSE, Proxmox's boot tool), it does only that, and says so.
  - On the others it has a systemd that crashes restart the host, and on Debian and Ubuntu gives GRUB's menu the
    time and the entries that a person at the console needs.
  - Where initramfs-tools makes the initrds, those that are made from then on restart a host that hangs in there. It makes none anew, neither for
    V(present) nor for V(absent).
  - It installs no package and never reboots.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  state:
    description: V(present) configures, V(absent) takes everything back, with what M(kernelops.panic_hardening.boot_kernel) has set.
    type: str
    choices: [present, absent]
    default: present
  retain:
    description: How many whole kernels stay next to the running one, from 1 to 20.
    type: int
    default: 2
  ssh_port:
    description: TCP port on which something must listen for the host to count as reachable, if it did so with the known-good kernel.
    type: int
    default: 22
  healthy_minutes:
    description: Minutes that a kernel must run before it is confirmed, from 0 to 1440.
    type: int
    default: 5
  boot_timeout:
    description:
      - Seconds after the start of a kernel that is tried at which it is left again if the host cannot be reached, from 60 to
        86400, and more than O(healthy_minutes) take.
      - With initramfs-tools also those after which a host that is still in its initramfs restarts. Initrds that are made later hold it.
    type: int
    default: 900
  scripts:
    description:
      - Directory of the operator's own checks; each executable in it, of any name, must end with 0 within a minute. It may be missing.
      - They run as root. One that others than root may change, or replace, is not run, and counts as failed.
    type: path
    default: /etc/fallback_kernel.d
  reboot_unconfirmed:
    description: Whether a host that serves, but fails another check, restarts into the known-good kernel, too.
    type: bool
    default: false
  arm_at_reboot:
    description: Whether an orderly restart tries a newer kernel; without it only M(kernelops.panic_hardening.boot_kernel) arms a trial.
    type: bool
    default: true
  menu_timeout:
    description: Seconds for which GRUB shows its menu, from 1 to 300. On Debian and Ubuntu only.
    type: int
    default: 5
  menu_serial:
    description: Whether GRUB's menu appears on the serial port that the kernel uses as console, besides the screen. On Debian and Ubuntu only.
    type: bool
    default: true
seealso:
  - module: kernelops.panic_hardening.boot_kernel
"""

EXAMPLES = r"""
- name: Leave kernels that do not boot or serve
  kernelops.panic_hardening.fallback_kernel_config:
    boot_timeout: 600
  become: true

- name: Take it back
  kernelops.panic_hardening.fallback_kernel_config:
    state: absent
  become: true
"""

RETURN = r"""
applicable:
  description: Whether this host has a boot method that the module knows, or on which it can at least keep kernels.
  returned: always
  type: bool
  sample: true
changes:
  description: What was not as wanted, files and states, by name.
  returned: always
  type: list
  elements: str
  sample: [/etc/systemd/system/kernelops-fallback_kernel.service, kernelops-fallback_kernel.service]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_elsewhere,
    _boot_kernel,
    _changes,
    _fallback_kernel_config,
    _fallback_kernel_health,
    _fallback_kernel_policy,
    _virtualization,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    options = None
    if module.params["state"] == "present":
        options = dict((name, module.params[name]) for name in _fallback_kernel_policy.OPTIONS)
        _fallback_kernel_policy.check_options(options)
    if _virtualization.observe(host)["kind"] == "container":
        module.warn("This is a container: it does not boot a kernel, so nothing was configured.")
        return dict(changed=False, applicable=False, changes=[])
    state = _boot_kernel.observe(host)
    if not state["supported"] and not _boot_elsewhere.keeps(host, state["method"]):
        module.warn("Boot method '%s' is not supported: choose kernels by its own means." % state["method"])
        return dict(changed=False, applicable=False, changes=[])
    if not state["supported"]:
        module.warn("Boot method '%s' is not supported: kernels are kept, and none is tried." % state["method"])
    if options is not None and state["supported"] and not _fallback_kernel_health.listens(host, options["ssh_port"]):
        module.warn("Nothing listens on TCP port %d (ssh_port): no trial is asked for it." % options["ssh_port"])
    for text in _fallback_kernel_config.obstacles(host, state, options):
        module.warn(text)
    left = _boot_kernel.left_behind(host, state) if options is None else ""
    if left not in ("", state.get("known_good")):
        module.warn("The next restart boots %s, which has not been confirmed here." % left)
    changes = _fallback_kernel_config.plan(host, state, options)
    if changes and not module.check_mode:
        _writer.need_root()
        _fallback_kernel_config.apply(host, state, options)
    return dict(
        changed=bool(changes),
        applicable=True,
        changes=[change.path for change in changes],
        diff=[_changes.shown(change) for change in changes],
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            retain=dict(type="int", default=2),
            ssh_port=dict(type="int", default=22),
            healthy_minutes=dict(type="int", default=5),
            boot_timeout=dict(type="int", default=900),
            scripts=dict(type="path", default="/etc/fallback_kernel.d"),
            reboot_unconfirmed=dict(type="bool", default=False),
            arm_at_reboot=dict(type="bool", default=True),
            menu_timeout=dict(type="int", default=5),
            menu_serial=dict(type="bool", default=True),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
