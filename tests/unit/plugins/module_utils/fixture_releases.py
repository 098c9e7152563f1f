# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Five kernels of Debian, newest first, for what must stay of them. For Python 3.6 too."""

from typing import List

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._kernels import Kernel

RELEASES = ["6.1.0-%d-amd64" % number for number in (57, 56, 53, 51, 50)]
N57, N56, N53, N51, N50 = RELEASES


def kernels(halved: str = "") -> List[Kernel]:
    return [Kernel(release, "", "", 0, ["initrd"] if release == halved else []) for release in RELEASES]
