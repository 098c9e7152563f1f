#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: hardening_info
short_description: How a host stands against its panic hardening policy
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Reads the state of a host and judges it against the policy, in one module execution, however many roles there are.
  - The policy comes from the defaults of the collection's roles with the host's variables over them, exactly as the roles themselves
    see it, and is checked on the controller before anything is sent to the host. A variable that begins with the name of a role of the
    host, but is not one of its variables, is refused.
  - It needs no facts. It runs without root, where what it cannot read is reported as V(unknown), in containers, and in check mode.
  - It changes nothing.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.reader
options:
  gather_subset:
    description:
      - Roles to look at. Without it those in C(panic_hardening_roles).
      - V(!all) alone only checks the policy of the roles in C(panic_hardening_roles), on the controller, and leaves the host alone.
    type: list
    elements: str
    default: []
  policy:
    description:
      - Variables of the roles, by their names; they win over the host's variables and the roles' defaults.
      - Required with C(delegate_to), because the host's variables are not those of the machine looked at.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: See how a host stands
  kernelops.panic_hardening.hardening_info:
  register: hardening

- name: Check the policy without a call to the host
  kernelops.panic_hardening.hardening_info:
    gather_subset: ["!all"]

- name: Judge it against a stricter policy than its own
  kernelops.panic_hardening.hardening_info:
    gather_subset: [panic_sysctl]
    policy:
      panic_hardening_profile: integrity
"""

RETURN = r"""
state:
  description: What the host was found to have, by role.
  returned: success
  type: dict
  sample:
    panic_sysctl:
      virtualization: {kind: vm, name: kvm}
      sysctls:
        kernel.panic: {live: "10", persisted: "0", source: "/etc/sysctl.d/zz-local.conf:1", beaten: [], error: ""}
wanted:
  description: What the policy means on this host, by role.
  returned: success
  type: dict
  sample:
    panic_sysctl: {sysctls: {kernel.panic: "10"}, cmdline: {panic: "10"}}
findings:
  description: One for each control.
  returned: success
  type: list
  elements: dict
  contains:
    control: {description: Stable name of the control, type: str, sample: panic_sysctl.kernel.panic}
    role: {description: Role that the control belongs to, type: str, sample: panic_sysctl}
    category: {description: "V(config) for what a role sets, V(health) for what the hardware says, V(proof) for what a drill has shown",
               type: str, sample: config}
    status: {description: "V(pass), V(fail), V(unknown), V(not_applicable) or V(waived)", type: str, sample: fail}
    severity: {description: "V(critical), V(warning) or V(info)", type: str, sample: critical}
    expected: {description: What the policy wants, type: str, sample: "10"}
    observed: {description: What the host has, type: str, sample: "live 0, at boot not set"}
    reason: {description: Why it is so, type: str, sample: no file sets it at boot}
    remedy: {description: What to do, type: str, sample: run kernelops.panic_hardening.harden on this host}
    evidence: {description: Files that show it, type: list, elements: str, sample: [/proc/sys/kernel/panic]}
summary:
  description: Number of findings by status, and the verdict, V(hardened), V(drifted) or V(unknown).
  returned: success, unless only the policy was checked
  type: dict
  sample: {pass: 20, fail: 1, unknown: 0, not_applicable: 3, waived: 0, verdict: drifted}
"""

import datetime
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _importing

# Before the others: it decides how they come out of the archive.
_importing.install()
from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _roles, _writer
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, Observer


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    policy = module.params["policy"]
    roles = _roles.select(policy, module.params["gather_subset"])
    today = datetime.date.today().isoformat()
    return dict(_roles.judge(host, policy, roles, today), changed=False)


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            gather_subset=dict(type="list", elements="str", default=[]),
            policy=dict(type="dict", default={}),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Observer())


if __name__ == "__main__":
    main()
