"""Entry points are found as `importlib.metadata` finds them, without importing it."""

import importlib.metadata
import os
import subprocess
import sys
import zipfile

import pytest

from pulp_events.errors import UnknownNotifierType
from pulp_events.plugins import discovery
from pulp_events.plugins.leftovers import leftovers
from pulp_events.plugins.registry import Plugins

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


def leftover(folder, name, *files):
    """A metadata folder in which an upgrade has left these files only."""
    made = folder / name
    made.mkdir(parents=True)
    for file in files:
        (made / file).write_text("")
    return made


@pytest.mark.parametrize("hidden", [False, True], ids=["our own search", "importlib's search"])
def test_an_empty_leftover_that_is_listed_first_hides_no_plugin(install, tmp_path, monkeypatch, hidden):
    site = tmp_path / "site"
    install("stale_one", "[pulp_events]\nstale = stale_one\n")
    old = leftover(site, "stale_one-0.9.dist-info", "RECORD")
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: sorted(listed(path)))  # the leftover first
    if hidden:
        archive = tmp_path / "empty.zip"
        zipfile.ZipFile(archive, "w").close()
        monkeypatch.syspath_prepend(archive)
    importlib.invalidate_caches()
    assert [name for name, *_ in described(discovery.entry_points(GROUP))].count("stale") == 1
    [found] = [each for each in leftovers() if each.distribution == "stale_one"]
    assert found.folder == old and found.text == "is an empty leftover; delete it"


def test_what_pip_was_about_to_delete_counts_not(install):
    install("half_gone", "[pulp_events]\nhalf = half_gone\n")
    install("~alf_gone", "[pulp_events]\nhalf = half_gone\n")
    ours = [name for name, *_ in described(discovery.entry_points(GROUP))]
    assert ours.count("half") == 1
    assert [each.folder.name for each in leftovers()] == ["~alf_gone-1.0.dist-info"]


def test_an_egg_is_read_as_importlib_reads_it(tmp_path, monkeypatch):
    egg = tmp_path / "egged_one-1.0-py3.11.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: egged-one\nVersion: 1.0\n")
    (egg / "EGG-INFO" / "entry_points.txt").write_text("[pulp_events]\negged = egged_one\n")
    monkeypatch.syspath_prepend(egg)
    ours, theirs = both()
    assert ours == theirs and "egged" in [name for name, *_ in ours]


def test_two_versions_side_by_side_and_files_that_cannot_be_read_are_named(install, tmp_path):
    install("double", "[pulp_events]\ndouble = double\n")
    second = leftover(tmp_path / "site", "double-0.8.dist-info", "METADATA")
    install("pulp_events_odd", "[pulp_events]\nodd = odd\n")
    (tmp_path / "site" / "pulp_events_odd-1.0.dist-info" / "entry_points.txt").write_bytes(b"[pulp_events]\nx=\xff\n")
    found = {each.distribution: each.text for each in leftovers()}
    assert set(found) == {"double", "pulp_events_odd"}
    assert second.name in found["double"] or "double-1.0.dist-info" in found["double"]
    assert (
        "not UTF-8 text" in found["pulp_events_odd"] and "--force-reinstall pulp-events-odd" in found["pulp_events_odd"]
    )


def test_the_remedy_for_a_notifier_type_that_is_away_names_the_leftover(tmp_path, monkeypatch):
    folder = leftover(tmp_path, "pulp_events_http-0.1.0.dist-info")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(UnknownNotifierType) as error:
        Plugins().notifier("http")
    assert f"{folder} is an empty leftover; delete it, then pip install --force-reinstall" in str(error.value)
