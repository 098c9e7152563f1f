# Copyright (c) 2026, kernelops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known-good kernel and its entry on top of GRUB's menu. Runs on every Python from 3.6 on."""

import os
import subprocess
from typing import Any, List, Optional

import pytest

from ansible_collections.kernelops.panic_hardening.plugins.module_utils import (
    _boot_kernel,
    _boot_kernel_changes,
    _boot_kernel_grub,
)
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._finding import PolicyError
from ansible_collections.kernelops.panic_hardening.plugins.module_utils._host import HostError, Result
from unit.plugins.module_utils.fixture_host import FIXTURES, FixtureHost
from unit.plugins.module_utils.fixture_kernels import HALF, NEW, OLD, kernel, lab_machine

CFG = "/boot/grub/grub.cfg"
SCRIPT = "/etc/grub.d/09_boot_kernel"
DROP_IN = "/etc/default/grub.d/zz-boot_kernel.cfg"


@pytest.fixture
def host(make_host: Any) -> FixtureHost:
    return lab_machine(make_host)


def change(host: FixtureHost, known_good: Optional[str] = None, trial: Optional[str] = None) -> List[str]:
    """Make a wish true; the paths that changed, after check mode has shown the same and nothing was left to do."""
    wish = _boot_kernel_changes.Wish(known_good, trial)
    before = host.snapshot()
    planned = _boot_kernel_changes.plan(host, _boot_kernel.observe(host), wish)
    assert host.snapshot() == before
    _boot_kernel_changes.apply(host, _boot_kernel.observe(host), wish)
    assert _boot_kernel_changes.plan(host, _boot_kernel.observe(host), wish) == []
    return [item["path"] for item in planned]


def test_a_machine_of_the_distribution(host: FixtureHost) -> None:
    state = _boot_kernel.observe(host)
    assert (state["running"], state["newest"], state["known_good"]) == (OLD, NEW, "")
    # The kernel without an initrd is what this machine would start.
    assert (state["default"]["release"], state["default"]["fallback"]) == (HALF, "")
    assert [e["release"] for e in state["entries"]] == [HALF, HALF, HALF, NEW, NEW, OLD, OLD]
    assert state["trial"]["status"] == "none"
    assert state["environment"]["writable"] is True


class TestTheEntryOnTop:
    """Entry 0 is the known-good kernel, so that GRUB ends up there whatever fails."""

    def test_it_is_what_the_real_grub_mkconfig_wrote(self, make_host: Any) -> None:
        host = lab_machine(make_host, panic=False)
        assert change(host, known_good=OLD) == [DROP_IN, SCRIPT, CFG]
        with open(os.path.join(FIXTURES, "debian12/known-good/boot/grub/grub.cfg")) as stream:
            assert host.text(CFG) == stream.read()

    def test_it_is_the_default_and_the_fallback(self, host: FixtureHost) -> None:
        change(host, known_good=OLD)
        state = _boot_kernel.observe(host)
        first = state["entries"][0]
        assert (first["id"], first["release"], first["known_good"]) == ("kernelops-known-good", OLD, True)
        assert first["arguments"] == state["entries"][6]["arguments"]
        assert first["arguments"].endswith(" quiet panic=10")
        assert state["default"] == {
            "choice": "kernelops-known-good",
            "id": "kernelops-known-good",
            "release": OLD,
            "named": True,
            "fallback": "0",
            "waits": False,
        }
        assert state["known_good"] == OLD

    def test_it_stays_on_top_when_a_kernel_comes(self, host: FixtureHost) -> None:
        change(host, known_good=OLD)
        kernel(host, "6.1.0-99-cloud-amd64")
        model = host.programs["grub-mkconfig"]
        model.template = model.template.replace(HALF, "6.1.0-99-cloud-amd64")  # type: ignore[attr-defined]
        host.run(["grub-mkconfig", "-o", CFG])
        state = _boot_kernel.observe(host)
        assert (state["newest"], state["default"]["release"]) == ("6.1.0-99-cloud-amd64", OLD)
        assert [e["release"] for e in state["entries"]][:2] == [OLD, "6.1.0-99-cloud-amd64"]

    def test_another_one_takes_its_place(self, host: FixtureHost) -> None:
        change(host, known_good=OLD)
        assert change(host, known_good=NEW) == [SCRIPT, CFG]
        assert _boot_kernel.observe(host)["default"]["release"] == NEW

    def test_a_menu_that_waits_for_a_key_does_so_no_more(self, host: FixtureHost) -> None:
        text = host.text(DROP_IN.replace("zz-boot_kernel", "50-lab")).replace("GRUB_TIMEOUT=1", "GRUB_TIMEOUT=-1")
        host.put("/etc/default/grub.d/50-lab.cfg", text)
        change(host, known_good=OLD)
        script = 'for x in "$1"/etc/default/grub.d/*.cfg; do . "$x"; done; echo "$GRUB_TIMEOUT $GRUB_SAVEDEFAULT"'
        out = subprocess.check_output(["sh", "-c", script, "sh", host.root])
        assert out == b"5 false\n"

    def test_taken_back_the_menu_is_the_distribution_s(self, host: FixtureHost) -> None:
        before = host.snapshot()
        change(host, known_good=OLD, trial=NEW)
        change(host, known_good="", trial="")
        after = host.snapshot()
        assert after == before


class TestTheGenerator:
    """The script in /etc/grub.d, run by a real shell next to a 10_linux that prints the captured entries."""

    def run(self, host: FixtureHost, entries: str) -> Result:
        if not host.exists(SCRIPT):
            change(host, known_good=OLD)
        host.put("/etc/grub.d/10_linux", "#!/bin/sh\ncat << 'END OF ENTRIES'\n%s\nEND OF ENTRIES\n" % entries)
        os.chmod(host.root + "/etc/grub.d/10_linux", 0o755)
        process = subprocess.Popen([host.root + SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=20)
        return Result(process.returncode, out.decode("utf-8"), err.decode("utf-8"))

    def entries(self, host: FixtureHost) -> str:
        return host.text(CFG).split("### BEGIN /etc/grub.d/10_linux ###\n")[1].split("### END")[0]

    def test_a_menu_without_submenus(self, host: FixtureHost) -> None:
        flat = "\n".join(
            line[1:] if line.startswith("\t") else line
            for line in self.entries(host).replace("submenu", "if true; then #").splitlines()
        )
        deep = self.run(host, self.entries(host))
        assert self.run(host, flat).out == deep.out
        assert deep.out.startswith("set fallback=0\nmenuentry 'Known-good kernel: Debian GNU/Linux, with Linux ")

    @pytest.mark.parametrize(
        "old, new",
        [
            ("initrd\t/boot/initrd.img-" + OLD, "#"),
            ("gnulinux-%s-advanced-" % OLD, "gnulinux-other-recovery-"),
            # A release that only begins alike is another kernel.
            ("gnulinux-%s-advanced-" % OLD, "gnulinux-%s-x-recovery-" % OLD),
        ],
    )
    def test_in_place_of_one_that_is_gone_comes_the_newest_whole_one(
        self, host: FixtureHost, old: str, new: str
    ) -> None:
        """Without it the default would name nothing, and the half-installed kernel on top would start."""
        done = self.run(host, self.entries(host).replace(old, new))
        assert done.rc == 0
        assert done.out.startswith("set fallback=0\nmenuentry 'In place of the known-good kernel: Debian GNU/Linux, ")
        assert "/boot/vmlinuz-" + NEW in done.out
        assert "there is no entry with an initrd for " + OLD in done.err

    def test_before_that_comes_the_running_kernel(self, host: FixtureHost) -> None:
        running = os.uname().release
        text = self.entries(host).replace(OLD, running)
        assert "/boot/vmlinuz-" + running in self.run(host, text).out

    def test_without_any_whole_kernel_nothing_is_said(self, host: FixtureHost) -> None:
        done = self.run(host, self.entries(host).replace("initrd\t", "#"))
        assert (done.rc, done.out) == (0, "")


class TestNothingIsBegun:
    """What would not hold is refused, and the host is as it was."""

    @pytest.fixture(autouse=True)
    def untouched(self, host: FixtureHost) -> Any:
        before = host.snapshot()
        yield
        assert host.snapshot() == before

    def test_when_grub_mkconfig_fails(self, host: FixtureHost) -> None:
        host.programs["grub-mkconfig"] = lambda argv: Result(1, "", "No space left on device")
        with pytest.raises(HostError, match="No space left"):
            _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, None))

    @pytest.mark.parametrize(
        "old, new, message",
        [
            ('set default="kernelops-known-good"', 'set default="0"', "the default would be '0'"),
            ("set fallback=0", "set fallback=1", "the fallback would be '1'"),
            ("set timeout=1", "set timeout=-1", "the menu would wait for a key"),
            ("'kernelops-known-good' {", "'mine' {", "the first entry would not be the known-good kernel " + OLD),
        ],
    )
    def test_when_the_new_menu_is_not_as_wanted(self, host: FixtureHost, old: str, new: str, message: str) -> None:
        real = host.programs["grub-mkconfig"]

        def spoil(argv: List[str]) -> Result:
            real(argv)
            host.put(argv[2], host.text(argv[2]).replace(old, new))
            return Result(0, "", "")

        host.programs["grub-mkconfig"] = spoil
        with pytest.raises(HostError, match=message):
            _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, None))

    @pytest.mark.parametrize("path", [SCRIPT, DROP_IN])
    def test_when_a_file_cannot_be_written(self, host: FixtureHost, path: str) -> None:
        host.refused.add(path)
        with pytest.raises(HostError, match="No space left"):
            _boot_kernel_changes.apply(host, _boot_kernel.observe(host), _boot_kernel_changes.Wish(OLD, None))


class TestNames:
    """Checked against what is there."""

    def test_words_for_kernels(self, host: FixtureHost) -> None:
        state = _boot_kernel.observe(host)
        assert _boot_kernel_changes.named(state, "trial", "newest") == NEW
        assert _boot_kernel_changes.named(state, "known_good", "running") == OLD
        assert _boot_kernel_changes.named(state, "known_good", NEW) == NEW

    @pytest.mark.parametrize("value", ["6.1.0-99-amd64", "", "../x", "'; reboot"])
    def test_what_is_not_installed(self, host: FixtureHost, value: str) -> None:
        with pytest.raises(PolicyError, match="^trial: .* is no kernel .* there are: %s, %s, %s$" % (HALF, NEW, OLD)):
            _boot_kernel_changes.named(_boot_kernel.observe(host), "trial", value)

    def test_what_is_only_half_installed(self, host: FixtureHost) -> None:
        with pytest.raises(HostError, match="^known_good: the kernel %s is only half installed: initrd: " % HALF):
            _boot_kernel_changes.named(_boot_kernel.observe(host), "known_good", HALF)

    def test_what_has_no_entry(self, host: FixtureHost) -> None:
        kernel(host, "6.1.0-99-cloud-amd64")
        with pytest.raises(HostError, match="^trial: the kernel 6.1.0-99-cloud-amd64 has no boot entry"):
            _boot_kernel_changes.named(_boot_kernel.observe(host), "trial", "newest")


def test_an_operator_s_default_is_seen_and_taken_back(host: FixtureHost) -> None:
    change(host, known_good=OLD)
    host.put("/etc/default/grub.d/zzz.cfg", "GRUB_DEFAULT=0\n")
    host.put(CFG, host.text(CFG).replace('set default="kernelops-known-good"', 'set default="1"'))
    state = _boot_kernel.observe(host)
    assert (state["known_good"], state["default"]["release"]) == (OLD, HALF)
    with pytest.raises(HostError, match="the default would be '0'; look for another file in /etc/default/grub.d"):
        _boot_kernel_changes.apply(host, state, _boot_kernel_changes.Wish(OLD, None))
    host.remove("/etc/default/grub.d/zzz.cfg")
    assert change(host, known_good=OLD) == [CFG]


def test_a_purged_known_good_kernel_is_seen_and_replaced_by_a_whole_one(host: FixtureHost) -> None:
    change(host, known_good=OLD)
    for name in ("vmlinuz-", "initrd.img-"):
        host.remove("/boot/" + name + OLD)
    model = host.programs["grub-mkconfig"]
    model.template = model.template.replace(OLD, "gone").replace("initrd\t/boot/initrd.img-gone", "#")  # type: ignore[attr-defined]
    host.run(["grub-mkconfig", "-o", CFG])
    state = _boot_kernel.observe(host)
    assert (state["known_good"], state["default"]["release"], state["default"]["named"]) == (OLD, NEW, True)
    with pytest.raises(
        HostError, match="^the known-good kernel %s is not the default any more \\(that is %s" % (OLD, NEW)
    ):
        _boot_kernel_changes.plan(host, state, _boot_kernel_changes.Wish(None, NEW))


def test_a_script_that_lost_its_permission_to_run_is_drift(host: FixtureHost) -> None:
    change(host, known_good=OLD)
    os.chmod(host.root + SCRIPT, 0o644)
    assert change(host, known_good=OLD) == [SCRIPT]
    assert host.mode(SCRIPT) == 0o755


def test_a_release_cannot_leave_its_quotes() -> None:
    assert "'" not in "".join(
        chr(code) for code in range(128) if _boot_kernel_grub._kernels.RELEASE.match("a" + chr(code))
    )
