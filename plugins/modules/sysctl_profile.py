#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: sysctl_profile
short_description: Set a whole set of kernel parameters, now and at every boot
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Writes one drop-in below C(/etc/sysctl.d) for a whole set of kernel parameters, sets the running kernel's values, and reads all of it back.
  - Tells which other file, TuneD profile or tool would win over the drop-in at boot.
  - Keys that the running kernel lacks are written to the drop-in, where they do no harm, and reported.
  - Remembers the values from before its first change in C(/var/lib/kernelops-panic_hardening), so that O(state=absent) and a key that
    is no longer in O(settings) give them back.
  - In a container nothing is changed, because a container has no kernel of its own, and a privileged one would change its host.
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  name:
    description:
      - Name of the set; the drop-in is C(/etc/sysctl.d/99-zz-NAME.conf), which sorts behind C(99-sysctl.conf), the link to C(/etc/sysctl.conf).
    type: str
    required: true
  settings:
    description:
      - Names of kernel parameters and their values, e.g. C(kernel.panic=10). Required with O(state=present).
    type: dict
  state:
    description:
      - V(present) sets exactly these parameters, V(absent) removes the drop-in and gives the earlier live values back.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: ansible.posix.sysctl
  - module: kernelops.panic_hardening.kernel_cmdline
"""

EXAMPLES = r"""
- name: Restart ten seconds after a panic, and panic on an oops
  kernelops.panic_hardening.sysctl_profile:
    name: panic
    settings:
      kernel.panic: 10
      kernel.panic_on_oops: 1
  become: true

- name: Take it back
  kernelops.panic_hardening.sysctl_profile:
    name: panic
    state: absent
  become: true
"""

RETURN = r"""
applicable:
  description: Whether this machine has a kernel of its own.
  returned: always
  type: bool
  sample: true
path:
  description: The drop-in.
  returned: always
  type: str
  sample: /etc/sysctl.d/99-zz-panic.conf
live:
  description: Live values that were, or in check mode would be, changed, with the earlier and the new value.
  returned: always
  type: dict
  sample: {kernel.panic: {before: "0", after: "10"}}
missing:
  description: Keys that the running kernel does not have.
  returned: always
  type: list
  elements: str
  sample: [kernel.hung_task_panic]
overridden:
  description: Keys that something else sets to another value at boot, with who does.
  returned: always
  type: list
  elements: dict
  sample:
    - {key: kernel.panic, wanted: "10", value: "0", source: "/etc/sysctl.d/zz-local.conf:1"}
until_reboot:
  description: Keys whose earlier value the running kernel would not take back; they last until the next boot.
  returned: always
  type: list
  elements: str
  sample: []
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _sysctl_profile,
    _virtualization,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    name = _writer.owner(module.params["name"])
    settings = None
    if module.params["state"] == "present":
        settings = _sysctl_profile.check(module.params["settings"])
    result = dict(applicable=True, live={}, missing=[], overridden=[], until_reboot=[])
    if _virtualization.observe(host)["kind"] == "container":
        module.warn("This is a container: its kernel is its host's, so no kernel parameter was changed.")
        return dict(result, changed=False, applicable=False, path="")
    plan = _sysctl_profile.plan(host, name, settings)
    live = dict((key, dict(before=now, after=then)) for key, (now, then) in plan.live.items())
    result.update(changed=plan.changed, path=plan.path, live=live, missing=plan.missing, overridden=plan.overridden)
    result["diff"] = [
        dict(before_header=plan.path, after_header=plan.path, before=plan.before, after=plan.after),
        dict(
            before_header="running kernel",
            after_header="running kernel",
            before="".join("%s = %s\n" % (key, live[key]["before"]) for key in sorted(live)),
            after="".join("%s = %s\n" % (key, live[key]["after"]) for key in sorted(live)),
        ),
    ]
    for rival in plan.overridden:
        module.warn(_writer.clean("%(source)s sets %(key)s to %(value)s at boot, not %(wanted)s" % rival))
    if plan.changed and not module.check_mode:
        _writer.need_root()
        result["until_reboot"] = _sysctl_profile.apply(host, plan)
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            settings=dict(type="dict"),
            state=dict(type="str", choices=["present", "absent"], default="present"),
        ),
        required_if=[("state", "present", ["settings"])],
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
