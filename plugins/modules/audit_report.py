#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, kernelops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: audit_report
short_description: Report what an audit found on all hosts of a play
version_added: 0.1.0
author: kernelops contributors (@kernelops)
description:
  - Gathers the results of M(kernelops.panic_hardening.hardening_info) from all hosts of the play, prints one line for each host, and
    writes them to C(panic_hardening_audit_file), together with the hosts that were unreachable or failed.
  - With C(panic_hardening_query), a JMESPath expression, it also prints what the expression selects from the report.
  - With C(panic_hardening_fail_on_drift) it fails when a host is not hardened.
  - It runs on the controller, once for the play; use it with C(run_once).
extends_documentation_fragment:
  - kernelops.panic_hardening.attributes
  - kernelops.panic_hardening.attributes.reader
notes:
  - The report file on the controller is written in check mode as well.
options:
  register:
    description:
      - Name of the variable in which the hosts have registered their result.
    type: str
    required: true
seealso:
  - module: kernelops.panic_hardening.hardening_info
"""

EXAMPLES = r"""
- name: See how the hosts stand
  kernelops.panic_hardening.hardening_info:
  register: hardening
  ignore_unreachable: true
  failed_when: false

- name: Report
  kernelops.panic_hardening.audit_report:
    register: hardening
  run_once: true
"""

RETURN = r"""
path:
  description: The report that was written, on the controller.
  returned: success
  type: str
  sample: /home/admin/audit.json
summary:
  description: Number of hosts, and how many of them have which verdict.
  returned: success
  type: dict
  sample: {hosts: 3, hardened: 1, drifted: 1, unknown: 0, unreachable: 1, failed: 0}
query:
  description: What C(panic_hardening_query) selects from the report.
  returned: when there is a query
  type: raw
  sample: [web1, web2]
"""
