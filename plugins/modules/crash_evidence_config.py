#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: crash_evidence_config
short_description: Keep what a crash leaves
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Makes the journal persistent, keeps the records of pstore longer than the 14 days of systemd, and sends the kernel's messages to another host,
    all of it in files of its own that can be taken away again.
  - What it changes counts at once. The journal is read back, and the module fails where it is not on the disk.
  - It never reboots. Boot arguments and kernel parameters are set with M(kernelops.panic_hardening.kernel_cmdline) and
    M(kernelops.panic_hardening.sysctl_profile).
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.writer
options:
  state:
    description: V(present) configures, V(absent) takes everything back that this module wrote. Evidence stays.
    type: str
    choices: [present, absent]
    default: present
  journal:
    description: Whether to make the journal persistent.
    type: bool
    default: true
  journal_size:
    description: Most room for the journal, e.g. V(2G), from V(64M). V(auto) leaves it to journald, a tenth of the file system and at most 4 GiB.
    type: str
    default: auto
  journal_sync:
    description: Seconds until the journal is written to the disk, from 1 to 3600; journald writes critical messages at once.
    type: int
    default: 60
  pstore_days:
    description: Days for which the archive of pstore is kept; 0 for ever.
    type: int
    default: 365
  post_notifiers:
    description: Whether a panic writes to pstore before the crash kernel starts (C(crash_kexec_post_notifiers)).
    type: bool
    default: false
  ramoops:
    description: Whether C(ramoops) is loaded before the records of pstore are archived.
    type: bool
    default: false
  netconsole:
    description:
      - Where the kernel's messages are sent by UDP, as C(PORT@ADDRESS/INTERFACE,PORT@ADDRESS/MAC). Empty for nowhere.
    type: str
    default: ""
seealso:
  - module: kernelops.panic_hardening.crash_info
"""

EXAMPLES = r"""
- name: Keep the journal and the records of crashes
  kernelops.panic_hardening.crash_evidence_config:
    journal_size: 2G
  become: true

- name: Send the kernel's messages to another host too
  kernelops.panic_hardening.crash_evidence_config:
    netconsole: 6665@192.0.2.10/eth0,6666@192.0.2.20/52:54:00:12:34:56
  become: true

- name: Take it back
  kernelops.panic_hardening.crash_evidence_config:
    state: absent
  become: true
"""

RETURN = r"""
applicable:
  description: Whether this host has a kernel of its own.
  returned: always
  type: bool
  sample: true
changes:
  description: What was not as wanted, files and states, by name.
  returned: always
  type: list
  elements: str
  sample: [/etc/systemd/journald.conf.d/zz-kernelops-crash_evidence.conf, /var/log/journal]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _changes,
    _crash_evidence_config,
    _crash_evidence_policy,
    _virtualization,
    _writer,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Host


def run(module: AnsibleModule, host: Host) -> Dict[str, Any]:
    options = None
    if module.params["state"] == "present":
        options = dict((name, module.params[name]) for name in _crash_evidence_policy.OPTIONS + ("ramoops",))
        _crash_evidence_policy.check_options(options)
    if _virtualization.observe(host)["kind"] == "container":
        module.warn("This is a container: it has no kernel of its own, so nothing was configured.")
        return dict(changed=False, applicable=False, changes=[])
    changes = _crash_evidence_config.plan(host, options)
    if changes and not module.check_mode:
        _writer.need_root()
        _crash_evidence_config.apply(host, options)
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
            journal=dict(type="bool", default=True),
            journal_size=dict(type="str", default="auto"),
            journal_sync=dict(type="int", default=60),
            pstore_days=dict(type="int", default=365),
            post_notifiers=dict(type="bool", default=False),
            ramoops=dict(type="bool", default=False),
            netconsole=dict(type="str", default=""),
        ),
        supports_check_mode=True,
    )
    _writer.main(module, run, Host())


if __name__ == "__main__":
    main()
