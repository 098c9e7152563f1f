#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: kernel_cmdline
short_description: Set kernel arguments on every normal boot entry, now and for kernels to come
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Sets named arguments on the kernel command line of every normal boot entry, through the distribution's own means, and reads the entries back.
  - On Debian and Ubuntu with GRUB it writes a drop-in of its own below C(/etc/default/grub.d) and has C(grub-mkconfig) write new entries, which
    take the place of the old ones only when they carry the arguments.
  - In the RHEL family it uses C(grubby) for the installed kernels, and C(/etc/default/grub) and, where it exists, C(/etc/kernel/cmdline) for
    those to come.
  - Recovery and rescue entries are left alone, so that a person with a console finds them as the distribution made them.
  - A boot method that it does not know (unified kernel images, ostree, extlinux, zipl, a provider's kernel) is named and left alone.
  - The arguments count from the next boot on; the module never reboots.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  name:
    description:
      - Name of the owner of these arguments; on GRUB the drop-in is C(/etc/default/grub.d/zz-NAME.cfg). Each owner has arguments of its own.
    type: str
    required: true
  arguments:
    description:
      - Names and values of kernel arguments, e.g. C(panic=10); an empty value (null) stands for an argument without one, e.g. C(nokaslr).
      - A list sets the argument several times, in that order, e.g. C(console) to V([tty0, "ttyS0,115200n8"]). Grubby cannot do that, and such a
        list is refused in the RHEL family.
      - An earlier value of the same argument is replaced. Required with O(state=present).
    type: dict
  unique:
    description:
      - Whether each argument may stand only once on an entry. Without it an earlier value that recovery entries have too may stay, in front
        of this one, because the last one counts. With it that is taken off the recovery entries as well (GRUB, C(GRUB_CMDLINE_LINUX)).
    type: bool
    default: false
  state:
    description:
      - V(present) sets exactly these arguments for this owner, V(absent) takes them back.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: kernelops.panic_hardening.sysctl_profile
"""

EXAMPLES = r"""
- name: Restart after a panic that comes before any sysctl is set
  kernelops.panic_hardening.kernel_cmdline:
    name: panic
    arguments:
      panic: 10
  become: true

- name: Take it back
  kernelops.panic_hardening.kernel_cmdline:
    name: panic
    state: absent
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
entries:
  description: The normal boot entries, after the change (in check mode, before it).
  returned: always
  type: list
  elements: dict
  sample:
    - id: gnulinux-simple-9e0d
      title: Debian GNU/Linux
      kernel: /boot/vmlinuz-6.1.0-40-amd64
      arguments: "root=UUID=9e0d ro quiet panic=10"
      recovery: false
      source: /boot/grub/grub.cfg
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _bootloader,
    _cmdline,
    _virtualization,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    name = _writer.owner(module.params["name"])
    arguments = None
    if module.params["state"] == "present":
        arguments = _cmdline.check(module.params["arguments"], "arguments")
    machine = _virtualization.observe(host)
    if machine["kind"] == "container":
        module.warn("This is a container: it does not boot a kernel, so no command line was changed.")
        return dict(changed=False, applicable=False, method="container", entries=[])
    method = _bootloader.method(host)
    if method not in _bootloader.BACKENDS:
        module.warn("Boot method '%s' is not supported: set the arguments by its own means." % method)
        return dict(changed=False, applicable=False, method=method, entries=[])
    changes = _bootloader.plan(host, name, arguments, module.params["unique"])
    if changes and not module.check_mode:
        _writer.need_root()
        _bootloader.apply(host, name, arguments, module.params["unique"])
    return dict(
        changed=bool(changes),
        applicable=True,
        method=method,
        entries=_bootloader.normal(_bootloader.observe(host)),
        diff=[
            dict(before_header=c["path"], after_header=c["path"], before=c["before"], after=c["after"]) for c in changes
        ],
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            arguments=dict(type="dict"),
            unique=dict(type="bool", default=False),
            state=dict(type="str", choices=["present", "absent"], default="present"),
        ),
        required_if=[("state", "present", ["arguments"])],
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
