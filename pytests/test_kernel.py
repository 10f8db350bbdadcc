"""harness/kernel/build.sh: what it refuses, what it keeps. Its kernels are played in the tests of virtual time.

A stand-in for a Linux tree, with a makefile that answers as the kernel's does, is built in milliseconds.
"""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, PASSED, ROOT, USAGE, Result, run

SCRIPT = ROOT / "harness/kernel/build.sh"
FRAGMENT = ROOT / "harness/kernel/uml.config"

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="User Mode Linux is for x86_64 only")

MAKEFILE = r"""
allnoconfig:
	grep '^CONFIG_' $(KCONFIG_ALLCONFIG) | grep -v '=n$$' >$(KCONFIG_CONFIG)
	awk '/config HZ/ { hz = 1 } hz && /default/ { print "CONFIG_HZ=" $$2; exit }' \
		$(KBUILD_KCONFIG) >>$(KCONFIG_CONFIG)
linux: $(O)/linux
$(O)/linux: $(O)/.config kernel.c
	@echo '  CC      kernel.o'
	mkdir -p $(O)/include/config
	echo 6.99.0 >$(O)/include/config/kernel.release
	sh kernel.c
	cp kernel.c $@
	chmod 755 $@
"""


@dataclass(frozen=True)
class Bench:
    """A cache folder of its own, and a tree."""

    path: Path

    @property
    def tree(self) -> Path:
        return self.path / "tree"

    @property
    def kernels(self) -> Path:
        return self.path / "cache/tcpscen/kernels"

    @property
    def env(self) -> dict[str, str]:
        return {"XDG_CACHE_HOME": str(self.path / "cache")}

    def source(self, text: str) -> None:
        """The kernel's only file, a shell script that is run when it is compiled."""
        (self.tree / "kernel.c").write_text(text, encoding="utf-8")

    def build(self, *args: str | Path) -> Result:
        return run([str(SCRIPT), *map(str, args)], cwd=self.path, timeout=60, env=self.env)

    def build_tree(self, *args: str) -> Result:
        return self.build("--source", self.tree, "--name", "mytree", *args)

    def built(self) -> str:
        """The finished kernel; raises FileNotFoundError if there is none."""
        return (self.kernels / "mytree/linux").read_text(encoding="utf-8")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    (bench.tree / "arch/um").mkdir(parents=True)
    (bench.tree / "arch/um/Kconfig").write_text("config HZ\n\tdefault 100\nconfig UML_TIME_TRAVEL_SUPPORT\n")
    (bench.tree / "Kconfig").write_text('mainmenu "Linux"\n\nsource "arch/um/Kconfig"\n')
    (bench.tree / "Makefile").write_text(MAKEFILE)
    bench.source("true\n")
    return bench


def tree_of(path: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder, with its time and content."""
    return {str(file.relative_to(path)): (file.stat().st_mtime_ns, file.read_bytes())
            for file in sorted(path.rglob("*")) if file.is_file()}


# ---- what it refuses ----

def test_help(bench: Bench) -> None:
    result = bench.build("--help")
    assert (result.returncode, result.stderr) == (PASSED, "")
    for option in ("--source", "--name", "--jobs", "--cc", "--where"):
        assert option in result.stdout


@pytest.mark.parametrize("args, says", [
    ([], "which kernel?"),
    (["six"], "six is no version"),
    (["6.12/../x"], "is no version"),
    (["6.12", "6.1"], "one version at a time"),
    (["--shiny", "6.12"], "unknown option --shiny"),
    (["--name"], "--name needs a value"),
    (["--name", "../x", "6.12"], "--name '../x'"),
    (["--name", "host", "6.12"], "it is not 'host'"),
    (["--jobs", "many", "6.12"], "--jobs many is no number"),
    (["--source", "", "--name", "x"], "--source needs a folder"),
    (["--source", "/nowhere", "--name", "x"], "/nowhere: no such folder"),
    (["--source", "/usr", "--name", "x"], "/usr is no Linux source tree"),
    (["--source", "/usr"], "needs a name"),
    (["--source", "/usr", "--name", "6.12"], "is the name of a packaged kernel"),
    (["--source", "/usr", "--name", "x", "6.12"], "not both"),
])
def test_wrong_usage(bench: Bench, args: list[str], says: str) -> None:
    result = bench.build(*args)
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert says in result.stderr
    assert not (bench.path / "cache").exists()


def test_sources_that_are_not_there(bench: Bench) -> None:
    result = bench.build("7.99")
    assert result.returncode == MACHINE
    assert "apt-get install linux-source-7.99" in result.stderr


def test_compiler_that_is_not_there(bench: Bench) -> None:
    result = bench.build_tree("--cc", "gcc-0")
    assert result.returncode == MACHINE
    assert "apt-get install gcc-0" in result.stderr


def test_tree_without_virtual_time(bench: Bench) -> None:
    (bench.tree / "arch/um/Kconfig").write_text("config HZ\n\tdefault 100\n")
    result = bench.build_tree()
    assert result.returncode == USAGE
    assert "cannot travel in time" in result.stderr


def test_tree_that_lacks_what_is_needed(bench: Bench) -> None:
    """An option that is not taken is named, before anything is compiled; a late one may be missing."""
    makefile = MAKEFILE.replace("'=n$$'", "-e '=n$$' -e CONFIG_VETH -e CONFIG_TCP_AO")
    (bench.tree / "Makefile").write_text(makefile)
    result = bench.build_tree()
    assert result.returncode == FAILED
    assert "options that are needed: CONFIG_VETH=y" in result.stderr
    assert "TCP_AO" not in result.stderr
    assert not bench.kernels.joinpath("mytree").exists()


def test_tree_that_has_another_frequency(bench: Bench) -> None:
    (bench.tree / "Kconfig").write_text('source "arch/um/Kconfig"\n')
    result = bench.build_tree()
    assert result.returncode == FAILED
    assert "HZ=1000" in result.stderr


def test_cache_that_cannot_be_written_to(bench: Bench) -> None:
    (bench.path / "cache").write_text("a file")
    result = bench.build_tree()
    assert result.returncode == MACHINE
    assert "XDG_CACHE_HOME" in result.stderr


# ---- what it keeps ----

def test_kernel_and_what_it_is(bench: Bench) -> None:
    """The layout of docs/virtual-time.md."""
    result = bench.build_tree()
    assert result.returncode == PASSED, result.stderr
    folder = bench.kernels / "mytree"
    assert folder.is_symlink()
    assert sorted(path.name for path in folder.iterdir()) == ["about", "config", "linux"]
    assert os.access(folder / "linux", os.X_OK)
    about = dict(line.split(" ", 1) for line in (folder / "about").read_text().splitlines())
    assert about["name"] == "mytree" and about["version"] == "6.99.0" and about["source"] == str(bench.tree)
    assert about["hz"] == "1000" and folder.readlink().name == f"mytree-{about['key']}"
    assert "CONFIG_HZ=1000\n" in (folder / "config").read_text()
    assert bench.build_tree("--where").stdout == f"{folder.resolve()}/linux\n"


def test_tree_is_only_read(bench: Bench) -> None:
    before = tree_of(bench.tree)
    assert bench.build_tree().returncode == PASSED
    assert tree_of(bench.tree) == before


@pytest.mark.skipif(not (shutil.which("git") and shutil.which("rsync")), reason="needs git and rsync")
def test_tree_that_was_built_in_place(bench: Bench) -> None:
    """Its sources are copied without what git ignores; what has left the tree leaves the copy."""
    git = ["git", "-C", str(bench.tree)]
    (bench.tree / ".gitignore").write_text(".config\n*.o\n")
    (bench.tree / ".config").write_text("CONFIG_X=y\n")
    for name in ("old.o", "known.h", "new.h"):
        (bench.tree / name).write_text("")
    assert run([*git, "init", "-q"]).returncode == PASSED
    assert run([*git, "add", ":!new.h"]).returncode == PASSED
    before = tree_of(bench.tree)
    result = bench.build_tree()
    assert result.returncode == PASSED, result.stderr
    assert tree_of(bench.tree) == before
    copy = bench.path / "cache/tcpscen/kernel-build/mytree/source"
    assert {path.name for path in copy.iterdir()} == {
        ".gitignore", "Kconfig", "Makefile", "arch", "kernel.c", "known.h", "new.h"}
    (bench.tree / "known.h").unlink()
    (bench.tree / "new.h").unlink()
    bench.source("true # changed\n")
    assert bench.build_tree().returncode == PASSED
    assert not (copy / "known.h").exists() and not (copy / "new.h").exists()
    assert bench.built() == "true # changed\n"


def test_tree_that_was_built_in_place_and_is_not_gits(bench: Bench) -> None:
    (bench.tree / ".config").write_text("CONFIG_X=y\n")
    result = bench.build_tree()
    assert result.returncode == USAGE
    assert f"make -C {bench.tree} mrproper" in result.stderr


def test_only_what_changed_is_compiled(bench: Bench) -> None:
    count = f"echo >>{bench.path}/compiled\n"
    bench.source(count)
    for _ in range(2):
        assert bench.build_tree().returncode == PASSED
    assert (bench.path / "compiled").read_text() == "\n"
    bench.source(count + "true\n")
    assert bench.build_tree().returncode == PASSED
    assert (bench.path / "compiled").read_text() == "\n\n"
    assert bench.built() == count + "true\n"


def test_failure_shows_the_error(bench: Bench) -> None:
    """And leaves the kernel that was there."""
    assert bench.build_tree().returncode == PASSED
    bench.source("echo kernel.c:1: error: no such thing >&2; exit 1\n")
    result = bench.build_tree()
    assert result.returncode == FAILED
    assert "kernel.c:1: error: no such thing" in result.stderr
    log = bench.path / "cache/tcpscen/kernel-build/mytree.log"
    assert str(log) in result.stderr and "no such thing" in log.read_text()
    assert bench.built() == "true\n"


def test_interrupted_build_leaves_no_kernel(bench: Bench) -> None:
    """Killed while it compiles: no kernel that looks finished, and the next build is a whole one."""
    gate = bench.path / "gate"
    os.mkfifo(gate)
    bench.source(f"[ -e {bench.path}/again ] || read line <{gate}\n")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen([str(SCRIPT), "--source", str(bench.tree), "--name", "mytree"],
                                   env={**os.environ, **bench.env}, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        with gate.open("w"):  # opens when the compiler reads
            os.killpg(process.pid, number)
            process.wait(60)
        assert not (bench.kernels / "mytree").exists()
        assert not list((bench.path / "cache/tcpscen").glob("kernel-store/*/linux"))
    (bench.path / "again").write_text("")
    assert bench.build_tree().returncode == PASSED
    assert bench.built().endswith(f"read line <{gate}\n")


def test_two_builds_at_the_same_moment(bench: Bench) -> None:
    """They wait for each other; both find a kernel."""
    bench.source(f"mkdir {bench.path}/alone || exit 1\nrmdir {bench.path}/alone\n")
    command = [str(SCRIPT), "--source", str(bench.tree), "--name", "mytree"]
    builds = [subprocess.Popen(command, env={**os.environ, **bench.env}, stderr=subprocess.PIPE, text=True)
              for _ in range(4)]
    said = [build.communicate(timeout=60)[1] for build in builds]
    assert [build.returncode for build in builds] == [PASSED] * 4, said
    assert bench.built().startswith("mkdir")


def test_relative_cache_folder_is_ignored(bench: Bench) -> None:
    """As tcpscen ignores it (XDG Base Directory Specification)."""
    env = {"XDG_CACHE_HOME": "cache", "HOME": str(bench.path / "home")}
    result = run([str(SCRIPT), "--where", "--source", str(bench.tree), "--name", "x"], cwd=bench.path, env=env)
    assert result.stdout.startswith(f"{bench.path}/home/.cache/tcpscen/")


# ---- packaged kernels ----

SOURCES = sorted(path.name.split(".tar")[0].removeprefix("linux-source-")
                 for path in Path("/usr/src").glob("linux-source-*.tar.*"))


@pytest.fixture
def version() -> str:
    if not SOURCES:
        pytest.skip("no package linux-source-… is installed")
    return SOURCES[0]


def test_kernel_that_is_there_is_not_built(bench: Bench, version: str) -> None:
    """It only gets its name: no sources are unpacked, nothing is compiled."""
    kernel = Path(bench.build("--where", version).stdout.strip())
    assert kernel.parent.parent == bench.path / "cache/tcpscen/kernel-store"
    kernel.parent.mkdir(parents=True)
    kernel.write_text("a kernel")
    kernel.chmod(0o755)
    result = bench.build(version)
    assert result.returncode == PASSED
    assert result.stderr == f"kernel {version}: is there: {bench.kernels / version}/linux\n"
    assert (bench.kernels / version / "linux").samefile(kernel)
    assert not (bench.path / "cache/tcpscen/kernel-build").exists()


def test_key_has_version_configuration_and_compiler(bench: Bench, version: str) -> None:
    """A change of any of them is another kernel; another place of the project's is not."""
    clone = bench.path / "clone"
    shutil.copytree(SCRIPT.parent, clone)

    def where(*args: str) -> str:
        result = run([str(clone / "build.sh"), "--where", *args, version], env=bench.env)
        assert result.returncode == PASSED, result.stderr
        return result.stdout

    first = where()
    assert first == bench.build("--where", version).stdout
    compiler = bench.path / "mycc"
    compiler.write_text("#!/bin/sh\necho mycc 1.0\n")
    compiler.chmod(0o755)
    keys = {first, where("--cc", str(compiler))}
    with (clone / "uml.config").open("a") as fragment:
        fragment.write("CONFIG_X=y\n")
    keys |= {where(), *(bench.build("--where", other).stdout for other in SOURCES[1:])}
    assert len(keys) == 2 + len(SOURCES)


# ---- the configuration ----

def test_each_option_says_why() -> None:
    """A comment stands before each option, or before the group of options that follow each other."""
    lines = FRAGMENT.read_text(encoding="utf-8").splitlines()
    options = [line.partition("=")[0] for line in lines if line.startswith("CONFIG_")]
    assert len(options) == len(set(options)) > 50
    assert all(line.startswith(("#", "CONFIG_")) or not line for line in lines)
    silent = [line for before, line in zip(lines, lines[1:])
              if line.startswith("CONFIG_") and (not before or before.startswith("# ----"))]
    assert not silent
