"""Entry points are found as `importlib.metadata` finds them, without importing it."""

import importlib.metadata
import subprocess
import sys
import zipfile

import pytest

from pulp_events.plugins import discovery

GROUP = "pulp_events"


def described(found):
    return sorted((point.name, point.value, point.dist.name, point.dist.version) for point in found)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes a metadata folder in a folder of its own on sys.path."""

    def make(distribution, text, place="site", suffix=".dist-info"):
        folder = tmp_path / place / f"{distribution}-1.0{suffix}"
        folder.mkdir(parents=True)
        metadata = "PKG-INFO" if suffix == ".egg-info" else "METADATA"
        (folder / metadata).write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(text)
        if str(tmp_path / place) not in sys.path:
            monkeypatch.syspath_prepend(tmp_path / place)

    return make


def both():
    """What we find, and what importlib.metadata finds."""
    ours = discovery.entry_points(GROUP)
    return described(ours), described(importlib.metadata.entry_points(group=GROUP))


def test_the_installed_plugins_are_found():
    ours, theirs = both()
    assert ours == theirs and "http" in [name for name, *_ in ours]


def test_odd_files_are_read_alike(install):
    install("one", "[console_scripts]\nx = y:z\n\n[pulp_events]\n# a = comment\n a=one\nb = one.sub : name.attr\n")
    install("two", "[other]\npulp_events = nothing\n[pulp_events]\nc=two\n", suffix=".egg-info")
    install("no", "pulp_events")
    ours, theirs = both()
    assert ours == theirs and {"a", "b", "c"} <= {name for name, *_ in ours}


def test_the_first_of_a_distribution_installed_twice_counts(install):
    install("Twice.Name", "[pulp_events]\ntwice = later\n", "later")
    install("twice_name", "[pulp_events]\ntwice = earlier\n", "earlier")
    ours, _ = both()
    assert [value for name, value, *_ in ours if name == "twice"] == ["earlier"]


def test_a_zip_file_on_the_path_leaves_the_question_to_importlib(tmp_path, monkeypatch):
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: zipped\nVersion: 1.0\n")
        file.writestr("zipped-1.0.dist-info/entry_points.txt", "[pulp_events]\nzipped = json:dumps\n")
    monkeypatch.syspath_prepend(archive)
    ours, theirs = both()
    assert ours == theirs and "zipped" in [name for name, *_ in ours]


def test_what_an_entry_point_names_is_loaded():
    point = discovery.FoundEntryPoint("x", "json.decoder:JSONDecoder.decode", None)
    import json.decoder

    assert point.load() is json.decoder.JSONDecoder.decode
    assert discovery.FoundEntryPoint("x", "json", None).load() is json


def test_finding_them_imports_no_importlib_metadata():
    code = f"import sys; from pulp_events.plugins.discovery import entry_points; assert entry_points('{GROUP}')\n"
    code += "assert 'importlib.metadata' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
