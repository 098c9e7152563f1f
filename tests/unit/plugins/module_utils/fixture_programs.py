# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small models of the programs that change boot entries, for hosts made of captured trees. For Python 3.6 too."""

import functools
import os
import re
import subprocess
from typing import Any, Dict, List, Optional

from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import Result
from unit.plugins.module_utils.fixture_host import FixtureHost

# What the scripts of a menu print, by the scripts: hundreds of tests make the same menus.
GENERATED: Dict[Any, str] = {}


class Grubby:
    """A small grubby: it changes the recorded output as the real one changes the entries."""

    def __init__(self, host: FixtureHost, fail_after: Optional[int] = None) -> None:
        self.host = host
        self.fail_after = fail_after
        self.writes: List[List[str]] = []
        self.listing = host.answers[("grubby", "--info=ALL")].out

    def __call__(self, argv: List[str]) -> Result:
        if argv == ["grubby", "--info=ALL"]:
            return Result(0, self.listing, "")
        if argv == ["grubby", "--default-kernel"]:
            return Result(0, self.default() + "\n", "")
        if self.fail_after is not None and len(self.writes) >= self.fail_after:
            return Result(1, "", "grubby: the entry could not be written")
        self.writes.append(argv)
        options = dict(argument[2:].split("=", 1) for argument in argv[1:])
        blocks, inside = [], ""
        for line in self.listing.splitlines():
            if line.startswith("kernel="):
                inside = line[len('kernel="') : -1]
            if line.startswith("args=") and options["update-kernel"] in ("ALL", inside):
                line = 'args="%s"' % self._changed(line[len('args="') : -1], options)
            blocks.append(line)
        self.listing = "\n".join(blocks) + "\n"
        return Result(0, "", "")

    def default(self) -> str:
        """The kernel of the saved entry, else of the first one."""
        saved = re.findall(r"(?m)^saved_entry=(.*)$", self.host.read("/boot/grub2/grubenv") or "")
        blocks = self.listing.split("index=")[1:]
        fitting = [block for block in blocks if saved and 'id="%s"' % saved[0] in block] or blocks
        return re.findall(r'(?m)^kernel="(.*)"$', fitting[0])[0]

    @staticmethod
    def _changed(line: str, options: Dict[str, str]) -> str:
        new = options.get("args", "").split()
        gone = [item.split("=")[0] for item in new + options.get("remove-args", "").split()]
        return " ".join([item for item in line.split() if item.split("=")[0] not in gone] + new)


class GrubMkconfig:
    """grub-mkconfig as far as the command line goes: a real shell reads the real configuration files.

    test_fixtures.py shows that it makes the captured grub.cfg files, to the byte.
    """

    def __init__(self, host: FixtureHost, template: str = "") -> None:
        self.host = host
        self.runs = 0
        self.template = template or host.text("/boot/grub/grub.cfg")

    def __call__(self, argv: List[str]) -> Result:
        assert argv[:2] == ["grub-mkconfig", "-o"], argv
        self.runs += 1
        linux, default = self.variables()
        section, lines = "", []
        for line in self.template.splitlines():
            if line.startswith("### BEGIN "):
                section = line.split()[2]
            head, mark, rest = line.partition(" ro ")
            if mark and head.split()[0] in ("linux", "module2") and section.endswith(("10_linux", "20_linux_xen")):
                recovery = rest.startswith("single")
                line = "%s ro %s" % (head, "single " + linux if recovery else linux + " " + default)
            lines.append(line)
        self.host.put(argv[2], "\n".join(lines) + "\n")
        return Result(0, "", "Generating grub configuration file ...\ndone\n")

    def variables(self) -> List[str]:
        return [self.setting(name) for name in ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT")]

    def setting(self, name: str) -> str:
        folder = "/etc/default/grub.d"
        names = [entry for entry in self.host.listdir(folder) if entry.endswith(".cfg")]
        texts = [
            self.host.text(path) for path in ["/etc/default/grub"] + ["%s/%s" % (folder, entry) for entry in names]
        ]
        return shell("set -e\n" + "\n".join(texts), name)


@functools.lru_cache(maxsize=None)
def shell(script: str, variable: str) -> str:
    """What a script leaves in a variable; hundreds of tests ask for the same."""
    process = subprocess.Popen(["sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out = process.communicate(('%s\nprintf %%s "$%s"\n' % (script, variable)).encode("utf-8"), timeout=20)[0]
    assert process.returncode == 0, out
    return out.decode("utf-8")


class GrubMkconfigMenu(GrubMkconfig):
    """grub-mkconfig with our generators too: a real shell runs them, next to a 10_linux that prints the captured entries.

    test_boot_kernel.py shows that it makes the captured grub.cfg, to the byte.
    """

    FIRST, LAST = "/etc/grub.d/09_boot_kernel", "/etc/grub.d/42_fallback_kernel"

    def __call__(self, argv: List[str]) -> Result:
        result = super().__call__(argv)
        text = self.host.text(argv[2])
        choice, timeout = self.setting("GRUB_DEFAULT"), self.setting("GRUB_TIMEOUT")
        text = text.replace('set default="0"', 'set default="%s"' % choice.replace("saved", "${saved_entry}"))
        text = re.sub(r"set timeout=.*", "set timeout=%s" % timeout, text)
        begin, end = "### BEGIN /etc/grub.d/10_linux ###\n", "### END /etc/grub.d/10_linux ###\n"
        linux = text.split(begin)[1].split("### END")[0]
        self.host.put("/etc/grub.d/10_linux", "#!/bin/sh\ncat << 'END OF ENTRIES'\n%sEND OF ENTRIES\n" % linux)
        os.chmod(self.host.root + "/etc/grub.d/10_linux", 0o755)
        text = text.replace(begin, self.section(self.FIRST, "", "\n") + begin)
        text = text.replace(end, end + self.section(self.LAST, "\n", ""))
        os.unlink(self.host.root + "/etc/grub.d/10_linux")
        self.host.put(argv[2], text)
        return result

    def section(self, generator: str, before: str, behind: str) -> str:
        if not os.access(self.host.root + generator, os.X_OK):
            return ""
        # They call each other and read nothing else.
        paths = ["/etc/grub.d/" + name for name in self.host.listdir("/etc/grub.d")]
        scripts = tuple((path, self.host.read(path), self.host.mode(path)) for path in paths)
        if (generator, scripts) not in GENERATED:
            process = subprocess.Popen([self.host.root + generator], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out, _err = process.communicate(timeout=20)
            assert process.returncode == 0, out
            GENERATED[generator, scripts] = out.decode("utf-8")
        text = GENERATED[generator, scripts]
        return before + "### BEGIN %s ###\n%s### END %s ###\n" % (generator, text, generator) + behind


class Systemctl:
    """systemctl as far as units of ours go: links for what is enabled, a list of what was started."""

    def __init__(self, host: FixtureHost, version: str = "252") -> None:
        self.host = host
        self.version = version
        self.active: List[str] = []
        self.failed: List[str] = []

    def __call__(self, argv: List[str]) -> Result:
        order, unit = argv[1], argv[-1]
        if order == "--version":
            return Result(0, "systemd %s (%s.39-1)\n+PAM\n" % (self.version, self.version), "")
        if order == "is-system-running":
            return Result(0, "running\n", "")
        if order == "is-active":
            states = [self.state(name) for name in argv[2:]]
            return Result(0 if "active" in states else 3, "\n".join(states) + "\n", "")
        if order in ("enable", "disable"):
            return self.link(order, unit)
        if order == "start":
            self.active.append(unit)
        elif order == "reset-failed":
            # Loaded is what has a file, or has failed.
            known = unit in self.failed or os.path.exists(self.host.root + "/etc/systemd/system/" + unit)
            self.failed = [name for name in self.failed if name != unit]
            return Result(0, "", "") if known else Result(1, "", "Unit %s not loaded." % unit)
        else:
            assert order == "daemon-reload", argv
        return Result(0, "", "")

    def state(self, unit: str) -> str:
        if unit in self.failed:
            return "failed"
        return "active" if unit in self.active else "inactive"

    def link(self, order: str, unit: str) -> Result:
        path = "/etc/systemd/system/sysinit.target.wants/" + unit
        assert os.path.exists(self.host.root + "/etc/systemd/system/" + unit), "its file must be there"
        if order == "enable":
            self.host.link(path, "/etc/systemd/system/" + unit)
        else:
            self.active = [name for name in self.active if name != unit]
            self.host.remove(path)
            self.host.remove_empty(os.path.dirname(path))
        return Result(0, "", "")
