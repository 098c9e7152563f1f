#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: incident_report
short_description: Report what crashed on all hosts of a play
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Gathers the results of M(kernelops.panic_hardening.crash_info) from all hosts of the play and prints for each how its last boot ended, and
    its incidents with cause and first step; then the bugs that hit several hosts, the most common first.
  - Writes all of it to C(panic_hardening_incidents_file), together with the hosts that were unreachable or failed.
  - The verdict of a host is V(crashed) after a panic, a reset or another fatal incident, V(troubled) after incidents that it survived, V(clear) without any,
    V(unknown) when nothing was found but not everything could be read, V(unreachable) or V(failed).
  - With C(panic_hardening_fail_on_incidents) it fails when a host is not clear.
  - It runs on the controller, once for the play; use it with C(run_once).
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.reader
notes:
  - The report file on the controller is written in check mode as well.
  - What logs say is shown without terminal control characters, and marked so that Ansible does not take it for a template.
options:
  register:
    description:
      - Name of the variable in which the hosts have registered the result of M(kernelops.panic_hardening.crash_info).
    type: str
    required: true
  copies:
    description:
      - Name of the variable in which the hosts have registered the result of M(kernelops.panic_hardening.evidence_fetch).
    type: str
seealso:
  - module: kernelops.panic_hardening.crash_info
  - module: kernelops.panic_hardening.evidence_fetch
"""

EXAMPLES = r"""
- name: Look for what crashed
  kernelops.panic_hardening.crash_info:
  become: true
  register: crashes
  ignore_unreachable: true
  failed_when: false

- name: Report
  kernelops.panic_hardening.incident_report:
    register: crashes
  run_once: true
"""

RETURN = r"""
path:
  description: The report that was written, on the controller.
  returned: success
  type: str
  sample: /home/admin/incidents.json
summary:
  description: Number of hosts, how many of them have which verdict, and how many incidents and different bugs there are.
  returned: success
  type: dict
  sample: {hosts: 4, crashed: 1, troubled: 0, clear: 1, unknown: 0, unreachable: 1, failed: 1, incidents: 3, bugs: 2}
bugs:
  description: Incidents with the same fingerprint together, those on most hosts first.
  returned: success
  type: list
  elements: dict
  contains:
    fingerprint: {description: Equal for the same bug on all hosts, type: str, sample: 6f1d0c2a9b3e4d57}
    kind: {description: What happened, type: str, sample: null-deref}
    title: {description: The kernel's first words about it, type: str, sample: "BUG: kernel NULL pointer dereference in rtl8125_poll"}
    fatal: {description: Whether a host went down with it, type: bool, sample: true}
    suspect: {description: "V(software), V(hardware), V(configuration), V(resources) or V(unknown)", type: str, sample: software}
    function: {description: The culprit, type: str, sample: rtl8125_poll}
    module: {description: The driver to look at, type: str, sample: r8125}
    cause: {description: The likely cause, type: str, sample: The driver r8125 used a pointer that was not set.}
    first_step: {description: What to do first, type: str, sample: Update or disable the driver r8125.}
    count: {description: How often it was seen, type: int, sample: 17}
    hosts: {description: Where it was seen, type: list, elements: str, sample: [web1, web2]}
    kernels: {description: On which kernels, type: list, elements: str, sample: [6.1.0-56-amd64]}
    first: {description: When it was first seen, type: str, sample: "2026-11-02T03:14:07Z"}
    last: {description: When it was last seen, type: str, sample: "2026-11-20T11:00:00Z"}
"""
