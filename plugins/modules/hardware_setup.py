#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: hardware_setup
short_description: Set up what one of the hardware roles wants on a host
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Writes the files of a hardware role, its part of the configuration of packages, and its units, so that all of it can be taken back.
  - The policy is that of M(kernelops.panic_hardening.hardening_info), built and checked in the same way on the controller, from the defaults of
    the role with the host's variables over them.
  - With the first of these roles comes the alarm path that they share, the program C(kernelops-hardware) with its settings; with the last of
    them it goes.
  - It installs no packages and never reboots. A container is left alone.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  role:
    description: The role whose wishes are set up.
    type: str
    choices: [lm_sensors, rasdaemon, smartmontools, watchdog]
    required: true
  state:
    description: V(present) sets up, V(absent) takes everything back.
    type: str
    choices: [present, absent]
    default: present
  packages:
    description: Packages that were installed for the role, remembered, as long as the host has them, so that it can remove them again.
    type: list
    elements: str
    default: []
  brought:
    description: Packages that came with them and were not there before.
    type: list
    elements: str
    default: []
  policy:
    description: Variables of the roles, by their names; they win over the host's variables and the roles' defaults.
    type: dict
    default: {}
seealso:
  - module: kernelops.panic_hardening.hardening_info
  - module: kernelops.panic_hardening.alarm_test
"""

EXAMPLES = r"""
- name: Have the hardware reset a host that hangs
  kernelops.panic_hardening.hardware_setup:
    role: watchdog
  become: true

- name: Take it back
  kernelops.panic_hardening.hardware_setup:
    role: watchdog
    state: absent
  become: true
"""

RETURN = r"""
applicable:
  description: Whether the role has something to do on this host.
  returned: always
  type: bool
  sample: true
reason:
  description: Why it has nothing to do.
  returned: always
  type: str
  sample: ""
changes:
  description: Files and units that were not as wanted.
  returned: always
  type: list
  elements: str
  sample: [/etc/systemd/system.conf.d/zz-kernelops-watchdog.conf]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _changes,
    _hardware,
    _hardware_plan,
    _hardware_setup,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    present = module.params["state"] == "present"
    role, policy, packages, brought = (module.params[name] for name in ("role", "policy", "packages", "brought"))
    found = _hardware.wish(host, role, policy, present, packages, brought)
    changes = _hardware_plan.plan(host, found.wish) if found.wish else []
    if changes and found.wish and not module.check_mode:
        _writer.need_root()
        _hardware_setup.apply(host, found.wish, found.check)
    return dict(
        changed=bool(changes),
        applicable=not found.reason,
        reason=found.reason,
        changes=[change.path for change in changes],
        diff=[_changes.shown(change) for change in changes],
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            role=dict(type="str", choices=_hardware.names(), required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            packages=dict(type="list", elements="str", default=[]),
            brought=dict(type="list", elements="str", default=[]),
            policy=dict(type="dict", default={}),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
