# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes how long each task took to the file that DURATIONS names."""

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: durations
type: aggregate
short_description: Durations of tasks, as JSON lines
description: Writes how long each task took to the file that DURATIONS names.
"""


class CallbackModule(CallbackBase):
    """One line for each task: its name and its seconds."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "durations"

    def __init__(self) -> None:
        super().__init__()
        self.began = 0.0

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self.began = time.monotonic()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        name = (getattr(result, "task", None) or result._task).get_name()
        with open(os.environ["DURATIONS"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps({"task": name, "seconds": time.monotonic() - self.began}) + "\n")
