#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: evidence_fetch
short_description: Copy the evidence of crashes to the controller
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Copies the evidence of the incidents that M(kernelops.panic_hardening.crash_info) found, that is log files, pstore records and the kernel's
    messages from the journal and from the running kernel, to a folder on the controller. Memory dumps are not copied.
  - Each host has a folder of mode 0700 of its own there; the files in it have mode 0600. Logs may hold secrets.
  - The host is only read. Nothing is written there, not even a temporary file, since its disk may be full.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.reader
notes:
  - The copies on the controller are written in check mode as well.
options:
  incidents:
    description:
      - Incidents as M(kernelops.panic_hardening.crash_info) returns them, the most important first.
    type: list
    elements: dict
    required: true
  dest:
    description:
      - Folder on the controller, made with mode 0700 if it is not there; a relative path begins where the playbook was called.
      - Without it C(panic_hardening_evidence_to) is used; where that is empty, nothing is done.
    type: str
  limit:
    description:
      - How many MiB of evidence to copy from a host, before it is packed for the way. What does not fit is left out, and named. Of a log or
        journal in which an incident was found, the lines around it are copied then, to a file whose name ends with C(.excerpt).
      - Without it C(panic_hardening_evidence_limit) is used.
    type: int
seealso:
  - module: kernelops.panic_hardening.crash_info
"""

EXAMPLES = r"""
- name: Look for what crashed
  kernelops.panic_hardening.crash_info:
  become: true
  register: crashes

- name: Copy the evidence
  kernelops.panic_hardening.evidence_fetch:
    incidents: "{{ crashes.incidents }}"
    dest: evidence
    limit: 16
  become: true
"""

RETURN = r"""
folder:
  description: The host's folder on the controller.
  returned: when there is a folder to copy to
  type: str
  sample: /home/admin/evidence/web1
copied:
  description: What was copied, with the file on the controller and its size in bytes.
  returned: when there is a folder to copy to
  type: list
  elements: dict
  sample: [{source: /var/crash/202611020314/dmesg.202611020314, path: /home/admin/evidence/web1/var/crash/202611020314/dmesg.202611020314, size: 81920}]
left_out:
  description: What was not copied, and why.
  returned: when there is a folder to copy to
  type: list
  elements: dict
  sample: [{source: /var/log/kern.log, reason: larger than what is left of the limit of 16 MiB}]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import _writer
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._crash import _copy
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    found = _copy.read(host, module.params["incidents"], module.params["limit"] * 1048576)
    return dict(changed=False, pieces=found.pieces, left_out=found.left_out)


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            incidents=dict(type="list", elements="dict", required=True),
            dest=dict(type="str"),
            limit=dict(type="int"),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
