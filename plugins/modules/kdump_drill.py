#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: kdump_drill
short_description: Prove that a memory dump arrived after a deliberate crash
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Before a deliberate crash, O(stage=begin) notes this boot and the dumps that are there already.
  - After it, O(stage=prove) looks for the new dump on the target, opens it with C(makedumpfile), reads every page of it, and looks for the
    panic in its kernel log. Only then it writes the proof that M(kernelops.panic_hardening.hardening_info) judges as C(kdump.last_drill).
    Otherwise it fails, and says what the capture kernel said.
  - It does not crash the host; the playbook C(kernelops.panic_hardening.drill) does.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  stage:
    description: V(begin) before the crash, V(prove) after it.
    type: str
    choices: [begin, prove]
    required: true
  directory:
    description: Directory of the dumps.
    type: path
    default: /var/crash
  target:
    description: Where a dump goes to. The module cannot look into V(nfs), and fails there.
    type: str
    choices: [local, ssh, nfs]
    default: local
  ssh:
    description: User and host of O(target=ssh), as V(user@host). To be opened, the dump is copied to
      C(/var/lib/kernelops-panic_hardening) of this host, for root alone, and removed again.
    type: str
    default: ""
  ssh_key:
    description: File with the private key for O(target=ssh).
    type: path
    default: /root/.ssh/kdump_id_rsa
  nfs:
    description: Export of O(target=nfs), as V(host:/export).
    type: str
    default: ""
seealso:
  - module: kernelops.panic_hardening.kdump_config
"""

EXAMPLES = r"""
- name: Note what is there before the crash
  kernelops.panic_hardening.kdump_drill:
    stage: begin
  become: true

- name: Prove that a dump arrived
  kernelops.panic_hardening.kdump_drill:
    stage: prove
  register: drill
  become: true
"""

RETURN = r"""
drill:
  description: With O(stage=begin) what was noted, with O(stage=prove) the proof.
  returned: success
  type: dict
  sample:
    at: "2026-11-23T04:20:11Z"
    kernel: 6.1.0-56-amd64
    target: "local:/var/crash"
    dump: /var/crash/202611230419/dump.202611230419
    dmesg: /var/crash/202611230419/dmesg.202611230419
    bytes: 29360128
    panic: "Kernel panic - not syncing: sysrq triggered crash"
    seconds: 71
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _kdump_drill, _kdump_policy, _writer
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    _kdump_policy.check_options(module.params)
    _writer.need_root()
    if module.check_mode:
        return dict(changed=True, drill={})
    stage = _kdump_drill.begin if module.params["stage"] == "begin" else _kdump_drill.prove
    return dict(changed=True, drill=stage(host, module.params))


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            stage=dict(type="str", choices=["begin", "prove"], required=True),
            directory=dict(type="path", default="/var/crash"),
            target=dict(type="str", choices=["local", "ssh", "nfs"], default="local"),
            ssh=dict(type="str", default=""),
            ssh_key=dict(type="path", default="/root/.ssh/kdump_id_rsa", no_log=False),
            nfs=dict(type="str", default=""),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
