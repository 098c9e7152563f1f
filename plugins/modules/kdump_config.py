#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: kdump_config
short_description: Configure how a memory dump is taken after a kernel panic
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Configures the distribution's own kdump tool, C(kdump-tools) on Debian and Ubuntu or C(kdump-utils) (earlier C(kexec-tools)) in the RHEL
    family, in a marked part of its configuration file, so that it can be taken out again.
  - Adds what these tools lack. Old dumps make room for new ones; a dump that fails or never ends still ends in a restart of the host; the
    dump directory is for root alone.
  - Where the running kernel has crash memory, the crash kernel is loaded anew with the new settings, and the module fails where that does
    not work. Memory for it is set with M(kernelops.panic_hardening.kernel_cmdline), as C(crashkernel=).
  - It installs nothing and never reboots.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  state:
    description: V(present) configures, V(absent) takes everything back that this module wrote.
    type: str
    choices: [present, absent]
    default: present
  directory:
    description: Directory of the dumps, on the host itself or on the target of O(target=ssh).
    type: path
    default: /var/crash
  dump_level:
    description: Pages that a dump leaves out, as in C(makedumpfile -d), from 0 (none) to 31 (all that the kernel does not use itself).
    type: int
    default: 31
  compression:
    description: Compression of the dump. V(auto) is what the distribution uses, V(zlib) or V(lzo).
    type: str
    choices: [auto, zlib, lzo, none]
    default: auto
  keep:
    description: Number of dumps that stay on the host.
    type: int
    default: 3
  space_percent:
    description: Percentage of their file system that older dumps may fill; the newest one stays even if it is larger.
    type: int
    default: 30
  target:
    description: Where a dump goes to, O(directory) on the host itself, or over the network.
    type: str
    choices: [local, ssh, nfs]
    default: local
  ssh:
    description: User and host of O(target=ssh), as V(user@host).
    type: str
    default: ""
  ssh_key:
    description: File on the host with the private key for O(target=ssh); it must not need a passphrase.
    type: path
    default: /root/.ssh/kdump_id_rsa
  ssh_known_hosts:
    description: Lines of C(known_hosts) for O(target=ssh); the capture kernel cannot ask whether a host key is right.
    type: list
    elements: str
    default: []
  nfs:
    description: Export of O(target=nfs), as V(host:/export).
    type: str
    default: ""
  failure_action:
    description: What the host does when a dump could not be saved.
    type: str
    choices: [reboot, halt, poweroff]
    default: reboot
  capture_panic:
    description: Seconds after which the capture kernel restarts when it panics itself, from 1 to 3600. On Debian and Ubuntu only.
    type: int
    default: 10
  capture_timeout:
    description: Seconds after which a dump that does not end is given up and the host restarts; 0 for never. On Debian and Ubuntu only.
    type: int
    default: 3600
  packages:
    description: Packages that were installed for it, remembered so that the role can remove them again.
    type: list
    elements: str
    default: []
seealso:
  - module: kernelops.panic_hardening.kernel_cmdline
"""

EXAMPLES = r"""
- name: Keep five dumps of at most a fifth of the file system
  kernelops.panic_hardening.kdump_config:
    keep: 5
    space_percent: 20
  become: true

- name: Send dumps to another host
  kernelops.panic_hardening.kdump_config:
    target: ssh
    ssh: kdump@dumps.example.com
    ssh_known_hosts:
      - "dumps.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHqWnHnqyBXf3FqyqNpfZ7N0sI7nyyZWNp3Rj1bFeeA"
  become: true

- name: Take it back
  kernelops.panic_hardening.kdump_config:
    state: absent
  become: true
"""

RETURN = r"""
applicable:
  description: Whether a kdump tool is known for this host.
  returned: always
  type: bool
  sample: true
changes:
  description: What was not as wanted, files and states, by name.
  returned: always
  type: list
  elements: str
  sample: [/etc/default/kdump-tools, /var/crash, kdump-tools.service]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _changes,
    _kdump_config,
    _kdump_plan,
    _kdump_policy,
    _virtualization,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    options = None
    if module.params["state"] == "present":
        options = dict((name, module.params[name]) for name in _kdump_policy.OPTIONS)
        _kdump_policy.check_options(options)
    if _virtualization.observe(host)["kind"] == "container":
        module.warn("This is a container: it has no kernel of its own, so nothing was configured.")
        return dict(changed=False, applicable=False, changes=[])
    wish = _kdump_plan.wish(host, options)
    if wish is None:
        module.warn("No kdump tool is known for this system; nothing was configured.")
        return dict(changed=False, applicable=False, changes=[])
    changes = _kdump_plan.plan(host, wish)
    if changes and not module.check_mode:
        _writer.need_root()
        _kdump_config.apply(host, wish, module.params["packages"])
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
            directory=dict(type="path", default="/var/crash"),
            dump_level=dict(type="int", default=31),
            compression=dict(type="str", choices=["auto", "zlib", "lzo", "none"], default="auto"),
            keep=dict(type="int", default=3),
            space_percent=dict(type="int", default=30),
            target=dict(type="str", choices=["local", "ssh", "nfs"], default="local"),
            ssh=dict(type="str", default=""),
            ssh_key=dict(type="path", default="/root/.ssh/kdump_id_rsa", no_log=False),
            ssh_known_hosts=dict(type="list", elements="str", default=[]),
            nfs=dict(type="str", default=""),
            failure_action=dict(type="str", choices=["reboot", "halt", "poweroff"], default="reboot"),
            capture_panic=dict(type="int", default=10),
            capture_timeout=dict(type="int", default=3600),
            packages=dict(type="list", elements="str", default=[]),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
