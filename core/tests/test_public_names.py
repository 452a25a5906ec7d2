"""The public names are listed once, in the stubs: what type checkers see is what can be imported."""

import ast
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

PACKAGES = ["pulp_events", "pulp_events.stores", "pulp_events.testing"]


def stub_of(package):
    return Path(import_module(package).__file__).with_suffix(".pyi")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_of_the_stub_can_be_imported_and_no_other_is_public(package):
    module = import_module(package)
    stated = {
        name.asname: f"{package}.{node.module}" if node.level else node.module
        for node in ast.parse(stub_of(package).read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert module.__all__ == sorted(stated)
    assert set(stated) <= set(dir(module))
    for name, home in stated.items():
        assert getattr(module, name) is getattr(import_module(home), name)


def test_a_name_that_is_not_public_is_an_attribute_error():
    import pulp_events

    with pytest.raises(AttributeError, match="module 'pulp_events' has no attribute 'Dispatcher'"):
        pulp_events.Dispatcher  # noqa: B018
    with pytest.raises(ImportError, match="Dispatcher"):
        from pulp_events import Dispatcher  # noqa: F401


def test_names_are_found_in_a_zip_file_too(tmp_path):
    source = stub_of("pulp_events").parent
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as file:
        for path in source.rglob("*.py*"):
            if path.suffix in (".py", ".pyi"):
                file.write(path, path.relative_to(source.parent))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pulp_events; from pulp_events import hookimpl;"
        "print(pulp_events.__file__)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "all.zip")]
    assert "all.zip" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_a_users_strict_type_checker_sees_every_name(package, tmp_path):
    names = import_module(package).__all__
    (tmp_path / "users.py").write_text(f"from {package} import {', '.join(names)}\nreveal_type({names[0]})\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", sys.executable, "users.py"],
        cwd=tmp_path, capture_output=True, text=True, env={"MYPYPATH": str(stub_of("pulp_events").parents[1])},
    )  # fmt: skip
    assert done.returncode == 0 and "Any" not in done.stdout, done.stdout
