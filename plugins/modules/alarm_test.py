#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: alarm_test
short_description: Test the alarm path of a host
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Sends an alarm that says that it is a test along all ways that alarms take, the journal, C(panic_hardening_alert_command) and mail, with the program
    that the hardware roles have installed.
  - The host remembers what became of it; M(kernelops.panic_hardening.hardening_info) judges that as C(panic_hardening.alert_tested).
  - It fails where one of the ways is closed. That a mail was read, or that the operator's command reached anybody, it cannot know.
  - On a host where no hardware role is set up, as on most virtual machines, it sends nothing and warns. In check mode nothing is sent.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options: {}
seealso:
  - module: kernelops.panic_hardening.hardware_setup
"""

EXAMPLES = r"""
- name: See whether an alarm gets out of this host
  kernelops.panic_hardening.alarm_test:
  become: true
"""

RETURN = r"""
outcome:
  description: What became of each way. V(none) where the policy or the host has none.
  returned: success, unless in check mode
  type: dict
  sample: {journal: journal, command: run, mail: none}
"""

import json
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _hardware_launcher,
    _hardware_plan,
    _virtualization,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host, HostError

SECONDS = 700  # the longest command that the policy allows, and mail


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    if _virtualization.observe(host)["kind"] == "container":
        module.warn("This is a container: it has no alarm path.")
        return dict(changed=False, outcome={})
    if not host.exists(_hardware_launcher.LAUNCHER) and not _hardware_plan.users(_hardware_plan.record(host)):
        module.warn("No role that watches hardware is set up here, so there is no alarm path to test.")
        return dict(changed=False, outcome={})
    if not host.exists(_hardware_launcher.LAUNCHER):
        raise HostError(
            "%s is missing: run kernelops.panic_hardening.harden on this host" % _hardware_launcher.LAUNCHER
        )
    if module.check_mode:
        return dict(changed=True, outcome={})
    _writer.need_root()
    done = host.run([_hardware_launcher.LAUNCHER, "test"], timeout=SECONDS, check=False)
    if done.rc != 0:
        raise HostError("the alarm path does not work: %s" % (done.out + done.err).strip())
    return dict(changed=True, outcome=json.loads(done.out))


def main() -> None:
    module = AnsibleModule(argument_spec=dict(), supports_check_mode=True)
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
