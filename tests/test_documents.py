"""What the documents say is true: examples run, transcripts are what is printed, tables are the code's."""

import ast
import doctest
import importlib
import importlib.util
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from document_runner import blocks

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "core/README.md", *sorted(ROOT.glob("docs/*.md"))]
OF_PULP = sorted(ROOT.glob("plugins/pulpcore/docs/*.md"))
"""Run on a real Pulp, in its environment: plugins/pulpcore/tests/test_documents.py."""
OURS = [*DOCUMENTS, *OF_PULP, ROOT / "CHANGELOG.md", ROOT / "examples/README.md"]
OF_PACKAGES = [ROOT / "cli/README.md", ROOT / "receiver/README.md", *sorted(ROOT.glob("plugins/*/README.md"))]
PACKAGES = ("pulp_events", "pulp_events_cli", "pulp_events_email", "pulp_events_http", "pulp_events_amqp")

SYNONYMS = {
    r"subscribers?": "listener",
    r"webhook target": "listener",
    r"event listeners? type|notification types?|channel type": "notifier type",
    r"event kinds?|event names?|topics? of an event": "event type",
    r"dead[- ]letters?": "dead delivery",
    r"deliver(y|ies) queue|event queue|job queue": "outbox",
    r"delivery jobs?|delivery tasks?": "delivery",
    r"delivery (workers?|daemons?)|daemons?": "worker",
    r"tries of a delivery|retry attempts?": "attempt",
    r"retry policy|backoff|back-off": "retry schedule",
    r"config(uration)? file": "server.conf",
    r"circuit[- ]breakers?": "circuit",
    r"plug-ins?": "plugin",
    r"notification plugins?|backends?": "notifier",
    r"data (dir|directory)": "data folder",
}
"""What the words of design.md are not to be called, as regular expressions → the word."""

UNSUITABLE = re.compile(
    r"/work\b|/farm\b|pypi\.org|files\.pythonhosted|easy to use|simply|blazing|powerful|seamless", re.I
)


OF_EXAMPLES = ("chat", "team-chat", "log-action", "dead")
"""Commands that plugins bring which the documents show."""


def name(path):
    return str(path.relative_to(ROOT))


def load_generator():
    spec = importlib.util.spec_from_file_location("documents_generator", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prose(path):
    """A document without its code blocks and code spans."""
    text = re.sub(r"^( *)```.*?^\1```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`", "", text)


# The tutorials are done by tests/test_tutorial.py, in environments of their own.
# The transcripts of the user guide are among the quick tests already.
LONG = ("user-guide", "tour", "operations", "notifier-authors", "events-about-events")
RUN_HERE = [
    pytest.param(path, id=name(path), marks=[pytest.mark.slow] if path.stem in LONG or path.parts[-2] == "cli" else [])
    for path in [*DOCUMENTS, *OF_PACKAGES]
    if path.name not in ("tutorial.md", "notifier-tutorial.md")
]


@pytest.mark.parametrize("path", RUN_HERE)
def test_every_example_runs_and_prints_what_the_document_shows(path, runner):
    runner.run(path)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_tables_made_from_the_code_are_up_to_date(path):
    text = path.read_text("utf-8")
    assert load_generator().renewed(text) == text, "run: python docs/generate.py"


def test_every_name_for_authors_of_stores_is_in_the_reference():
    from pulp_events import stores

    text = (ROOT / "docs/notifier-reference.md").read_text("utf-8")
    named = {
        *re.findall(r"^`from pulp_events\.stores import (\w+)`$", text, re.MULTILINE),
        *re.findall(r"`([A-Z_]+)`", text),
    }
    assert set(stores.__all__) <= named


def test_what_is_said_of_windows_and_presences_is_so():
    from pulp_events.outbox import presence, spread, standing, window

    said = "\n".join((ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("stores", "notifier-reference"))
    for text in (
        f"`MOST_DELIVERIES` ({window.MOST_DELIVERIES:,})", f"`MOST_DELIVERIES`, {window.MOST_DELIVERIES:,}",
        f"`MOST_BYTES` ({window.MOST_BYTES >> 20} MiB)", f"`MOST_BYTES`, {window.MOST_BYTES >> 20} MiB",
        f"longer than {spread.LONGEST:g} seconds", f"at most {spread.PAGE:,} at a time",
        f"the first {standing.PLACES:,} that are due", f"beyond the last {presence.MOST_GONE}",
    ):  # fmt: skip
        assert text in " ".join(said.split()), text
    assert presence.KEEP == 86400.0 and "longer than a day, or beyond" in said


def test_the_settings_document_has_every_section():
    generator = load_generator()
    sections = {*generator.CORE_SECTIONS, *generator.PLUGINS.settings_sections}
    text = (ROOT / "docs/server-conf.md").read_text("utf-8")
    assert sections == set(re.findall(r"<!-- begin settings (\w+) -->", text))


@pytest.mark.parametrize("path", [*OURS, *OF_PACKAGES], ids=name)
def test_every_relative_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{name(path)}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.MULTILINE)
            assert anchor in {anchor_of(heading) for heading in headings}, f"{name(path)}: {target}"


def figures_of_delivery():
    """What docs/delivery.md says with a number, made from the code."""
    from pulp_events.dispatcher import (
        channels,
        circuit,
        claim_size,
        claiming,
        dispatcher,
        event_loops,
        jobs,
        lines,
        pipeline,
        pool,
        queues,
        recorder,
        retry,
        route,
        shares,
        timekeeper,
        turn,
        watch,
        workload,
    )
    from pulp_events.settings.sections import DeliverySettings

    default = DeliverySettings().load({})
    schedule = sum(default["retry_schedule"])
    words = {0.375: "three eighths", 0.625: "five eighths", 0.875: "seven eighths", 0.125: "an eighth", 0.25: "quarter",
             1: "a second", 2: "two seconds",
             4: "four", 5: "five", 8: "eight", 16: "sixteen", 20: "twenty", 86400: "a day"}  # fmt: skip
    return [
        f"{words[len(default['retry_schedule']) + 1]} attempts in {schedule // 3600:g} hours and "
        f"{schedule % 3600 // 60:g} minutes",
        f"{2 * schedule // 3600:g} hours and {2 * schedule % 3600 // 60:g} minutes for the default schedule",
        f"at least {retry.AFTER_TIME_OUT:g} s later",
        f"at least {words[retry.SHORTEST_PAUSE]}, at most {words[retry.LONGEST_PAUSE]} at a time",
        f"{words[timekeeper.GRACE]} later the thread is abandoned",
        f"{turn.OPEN_LIMIT:g} s for opening a channel, {jobs.CLOSE_LIMIT:g} s for closing one and for `window()`",
        f"with {route.MOST_ABANDONED} abandoned threads",
        f"after {channels.IDLE_TIMEOUT:g} s without a delivery",
        f"when {channels.MOST_IDLE} other idle channels",
        f"up to {words[dispatcher.CLOSING_THREADS]} threads close",
        f"tries for {dispatcher.STORE_PATIENCE:g} s",
        f"until it has asked for {claiming.MOST_CLAIMED} deliveries",
        f"it takes {claim_size.FIRST_BATCH} at first, and then as many as can be sent in about "
        f"{claim_size.BATCH_SECONDS:g} s, at most {claim_size.LARGEST_BATCH}",
        f"after {turn.SLICE:g} s ({pipeline.SLICE:g} s for a pipeline)",
        f"the default is {default['concurrency']}",
        f"answered within {lines.QUICK_ANSWER:g} s",
        f"{words[shares.FOR_UNTRIED]} of `concurrency`, slow ones alone "
        f"{words[shares.FOR_SLOW]}, and those that did not answer within their time limit {words[shares.FOR_SILENT]}",
        f"by at most {words[1 - shares.FOR_UNTRIED]}",
        f"takes longer than {timekeeper.LONG_STEP:g} s counts as slow",
        f"There are {words[workload.FEW]}",
        f"less than {workload.BUSY:.0%} of a processor".replace("%", " %"),
        f"ends after {pool.LINGER:g} s",
        f"{words[queues.TASKS]} times `concurrency`",
        f"after {recorder.RECORD_SECONDS:g} s, when there are {recorder.MOST_RESULTS}",
        f"more than {claim_size.SLOW * 1000:g} ms per delivery",
        f"a step that takes longer than {timekeeper.SLOW_STEP:g} s",
        f"next {claim_size.LIMITED} deliveries",
        f"{words[event_loops.MOST_BLOCKED]} blocked loops",
        f"once {watch.LONGEST_QUEUE:,} are queued",
        f"after {words[circuit.THRESHOLD]} failures in a row",
        f"counts a {words[circuit.RETRY_COUNTS]}: {words[circuit.THRESHOLD / circuit.RETRY_COUNTS]} of them in a row",
        f"to succeed for {circuit.RECENT / 60:g} minutes",
        f"nothing is sent for {circuit.FIRST_PAUSE:g} s",
        f"up to {circuit.LONGEST_PAUSE / 60:g} minutes",
    ]


def test_the_figures_of_delivery_are_those_of_the_code():
    text = " ".join((ROOT / "docs/delivery.md").read_text("utf-8").split())
    missing = [figure for figure in figures_of_delivery() if figure.lower() not in text.lower()]
    assert missing == []


def test_what_the_log_is_said_to_say_it_says():
    """The text between what varies (`ID`, `30 s`, `…`) stands in the code; strings over several lines are joined."""
    core = (ROOT / "core/src/pulp_events").rglob("*.py")
    code = re.sub(r'"\n *f?"', "", "\n".join(path.read_text("utf-8") for path in core))
    table = (ROOT / "docs/operations.md").read_text("utf-8").partition("| the log says |")[2].partition("\n\n")[0]
    lines = [line for row in table.splitlines()[2:] for line in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(lines) > 10
    for line in lines:
        for part in re.split(r"…|\b[A-Z]\b|\bID\b|\d+ s|: |(?= for )", line):
            assert part.strip(" ;,.") in code, line


def test_the_files_that_the_architecture_names_exist():
    """A path begins at the project's folder or at core's package; a bare name lies beside the path before it."""
    core, text = ROOT / "core/src/pulp_events", (ROOT / "docs/architecture.md").read_text("utf-8")
    sources = [*(ROOT / "cli/src").rglob("*.py"), *(ROOT / "plugins").glob("*/src/**/*.py")]
    checked = 0
    for line in text.splitlines():
        folders = [core]
        for named in re.findall(r"`([\w*./-]+(?:\.py|/[\w*.-]*))`", line):
            found = next((one for base in (*folders, ROOT) for one in base.glob(named.rstrip("/"))), None)
            if found is None and "/" not in named:
                found = next((path for path in sources if path.name == named), None)
            assert found, f"docs/architecture.md: {named}"
            folders.append(found.parent)
            checked += 1
    assert checked > 50


def test_the_architecture_names_every_file_of_the_dispatcher():
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    files = (path.name for path in (ROOT / "core/src/pulp_events/dispatcher").glob("[a-z]*.py"))
    assert [file for file in files if not re.search(rf"[`/]{re.escape(file)}`", text)] == []


def anchor_of(heading):
    """A heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", OURS, ids=name)
def test_one_word_stands_for_one_thing(path):
    text = prose(path)
    for pattern, word in SYNONYMS.items():
        found = re.search(rf"\b({pattern})\b", text, re.IGNORECASE)
        assert not found, f"{name(path)} says {found[0]!r}; the word is {word!r}"


@pytest.mark.slow
def test_a_trial_is_a_test_that_a_listener_is_sent_and_nothing_else():
    """In the code of core and of the command line: a delivery has attempts, and what is done again has no such name."""
    named = re.compile(r"(^|_)(try|tries|TRIES|trials?)(_|$)")
    for path in [*(ROOT / "core/src").rglob("*.py"), *(ROOT / "cli/src").rglob("*.py")]:
        if path.name in ("trial.py", "listener_test.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for each in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "arg", "")):
                assert not named.search(each or ""), f"{path.relative_to(ROOT)}:{node.lineno}: {each}"


@pytest.mark.parametrize("path", OURS, ids=name)
def test_no_place_of_work_and_no_praise(path):
    found = UNSUITABLE.search(path.read_text("utf-8"))
    assert not found, f"{name(path)} says {found[0]!r}"


@pytest.mark.parametrize("path", OURS, ids=name)
def test_lines_are_at_most_120_columns_outside_tables_and_transcripts(path):
    text = re.sub(r"^```(console|eml|http|json|text)\n.*?^```$", "", path.read_text("utf-8"), flags=re.M | re.S)
    long = [line for line in text.splitlines() if len(line) > 120 and not line.lstrip().startswith("|")]
    assert not long


def commands():
    """Every command of `pulp-admin` that is there, as its words."""
    from pulp_events_cli.global_options import GlobalOptions
    from pulp_events_cli.parser.root import build
    from pulp_events_cli.session import Session

    def walk(parser):
        parser.complete()
        yield parser.prog
        for found in (parser.commands.choices if parser.commands else {}).values():
            yield from walk(found)

    return set(walk(build(Session(GlobalOptions()))))


def commands_in(path):
    """The commands of `pulp-admin` that a document names: their words up to the first that is no plain word."""
    for found in re.finditer(r"pulp-admin( (?:event|completion)(?: [a-z|][a-z|-]*)*)", path.read_text("utf-8")):
        first, *rest = found[1].split()
        combinations = [["pulp-admin", first]]
        for word in rest:
            combinations = [[*words, choice] for words in combinations for choice in word.split("|")]
        yield from map(" ".join, combinations)


@pytest.fixture(scope="module")
def known_commands():
    return commands()


@pytest.mark.parametrize("path", OURS, ids=name)
def test_every_command_that_a_document_names_exists(path, known_commands):
    for command in commands_in(path):
        words = command.split()
        # arguments follow a command's own words: repo.sync.start after `emit`, http after `plugin show`
        known = max(n for n in range(1, len(words) + 1) if " ".join(words[:n]) in known_commands)
        leaf = not any(other.startswith(" ".join(words[:known]) + " ") for other in known_commands)
        assert known == len(words) or leaf or words[known] in OF_EXAMPLES, f"{name(path)}: {command}"


def test_every_command_is_documented(known_commands):
    documented = {command for path in DOCUMENTS for command in commands_in(path)}
    leaves = {one for one in known_commands if not any(other.startswith(f"{one} ") for other in known_commands)}
    missing = {leaf for leaf in leaves if not any(f"{command} ".startswith(f"{leaf} ") for command in documented)}
    # Those of plugins beyond the user guide's three are described in their READMEs.
    missing = {leaf for leaf in missing if not leaf.startswith(("pulp-admin event storage", "pulp-admin event web"))}
    # `create` and `update` are the same for each notifier type
    assert missing <= {f"pulp-admin event listener {kind} update" for kind in ("email", "amqp")}


def test_the_manual_pages_that_the_packages_bring_are_those_of_today():
    pages = load_generator().man_pages()
    kept = {path for folder in ("cli", "plugins/http", "plugins/email", "plugins/amqp")
            for path in (ROOT / folder / "man").rglob("*") if path.is_file()}  # fmt: skip
    assert kept == set(pages), "run python docs/generate.py"
    for path, text in pages.items():
        assert path.read_text("utf-8") == text, f"{path}: run python docs/generate.py"


def test_the_schema_of_json_says_of_listeners_attributes_what_their_table_says():
    generator = load_generator()
    assert generator.OUTPUT_SCHEMA.read_text("utf-8") == generator.JSON["output_schema"](), (
        "run python docs/generate.py"
    )


def modules():
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            source = importlib.util.find_spec(found.name).origin
            if source and ">>>" in Path(source).read_text("utf-8"):
                yield found.name


@pytest.mark.parametrize("module", list(modules()))
def test_the_examples_of_a_modules_docstrings_run(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted and not result.failed


@pytest.mark.parametrize(
    ("example", "document"),
    [
        ("application.py", "docs/tour.md"),
        ("gallery/smallest/chat.py", "docs/tour.md"),
        ("gallery/smallest/pyproject.toml", "docs/tour.md"),
        ("gallery/smallest/test_chat.py", "docs/notifier-authors.md"),
        ("functions/mirror_events.py", "docs/functions.md"),
        ("functions/mirror.py", "docs/functions.md"),
    ],
)
def test_the_files_of_examples_are_those_that_the_documents_show(example, document):
    assert (ROOT / "examples" / example).read_text("utf-8") in (ROOT / document).read_text("utf-8")


@pytest.mark.slow
def test_the_tours_notifier_fulfils_the_contract(tmp_path):
    shutil.copytree(ROOT / "examples/gallery/smallest", tmp_path / "chat", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."],
        cwd=tmp_path / "chat", env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_notifier_of_the_how_tos_fulfils_the_contract(tmp_path, blocks_of):
    page = [block for block in blocks_of(ROOT / "docs/notifier-how-to.md") if block.language == "python"]
    code = [block.text for block in page if not block.file and "open_bus(" not in block.text]
    (tmp_path / "how_to.py").write_text("\n".join(code))
    [test] = [block for block in page if block.file == "test_log.py"]
    (tmp_path / "test_log.py").write_text(test.text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


SMALLEST = ROOT / "examples/gallery/smallest/chat.py"


@pytest.mark.parametrize("document", ["docs/notifier-authors.md", "examples/gallery/README.md"])
def test_the_smallest_notifier_has_as_many_lines_as_is_said(document):
    lines = SMALLEST.read_text("utf-8").splitlines()
    code = sum(bool(line.strip()) and not line.startswith("#") for line in lines)
    lines = (ROOT / document).read_text("utf-8").splitlines()
    [said] = [line for line in lines if "smallest" in line and " lines" in line]
    assert code == int(re.search(r"(\d+) lines", said)[1]) <= 22


@pytest.mark.slow
def test_the_smallest_notifier_is_typed(tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(SMALLEST)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_every_direct_dependency_is_listed_with_its_licence():
    text = (ROOT / "docs/dependencies.md").read_text("utf-8")
    for project in [ROOT / "core", ROOT / "cli", ROOT / "receiver", *sorted((ROOT / "plugins").iterdir())]:
        if not (project / "pyproject.toml").exists():
            continue
        content = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = [
            *content["dependencies"],
            *(one for extra in content.get("optional-dependencies", {}).values() for one in extra),
        ]
        for requirement in wanted:
            dependency = re.match(r"[\w.-]+", requirement)[0].lower()
            if dependency.startswith("pulp-events"):
                continue
            row = re.search(rf"^\| \[?`{dependency}`.*$", text, re.MULTILINE | re.IGNORECASE)
            assert row, f"{dependency} is not in docs/dependencies.md"
            try:
                metadata = distribution(dependency).metadata
            except PackageNotFoundError:
                continue  # an extra that is not installed here
            licence = metadata.get("License-Expression") or metadata.get("License")
            if licence is None:  # only a classifier, such as `License :: OSI Approved :: BSD License`
                licence = next(one for one in metadata.get_all("Classifier") if one.startswith("License")).split()[-2]
            assert licence.replace("Apache Software License", "Apache-2.0") in row[0], f"{dependency}: {licence}"


def test_the_licence_is_the_apache_license_and_every_package_says_so():
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text and len(text) > 11000
    for project in [ROOT / "core", ROOT / "cli", ROOT / "receiver", *(ROOT / "plugins").iterdir()]:
        if (project / "pyproject.toml").exists():
            content = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
            assert content["license"] == "Apache-2.0" and content["license-files"] == ["LICENSE"]
            assert (project / "LICENSE").read_text("utf-8") == text


def test_the_changelog_begins_with_the_version_of_the_code():
    version = tomllib.loads((ROOT / "core/pyproject.toml").read_text("utf-8"))["project"]["version"]
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first[1] == version


@pytest.mark.slow
def test_the_tests_of_an_application_on_the_page_about_them_leave_no_file_and_no_warning(tmp_path):
    for block in blocks(ROOT / "docs/testing.md"):
        if block.file:
            (tmp_path / block.file).write_text(block.text, "utf-8")
    written = {*tmp_path.iterdir()}
    environment = {**os.environ, "HOME": str(tmp_path), "PULP_EVENTS__EVENTS__DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"],
        cwd=tmp_path, env=environment,
        capture_output=True, text=True,
    )  # fmt: skip
    assert "1 failed, 2 passed" in done.stdout and "not closed" not in done.stdout + done.stderr
    assert {*tmp_path.iterdir()} == written


@pytest.mark.parametrize("path", [*OURS, *OF_PACKAGES], ids=name)
def test_every_row_of_a_table_is_in_one_with_a_head(path):
    prose = re.sub(r"^( *)```.*?^\1```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    tables = re.findall(r"(?:^\|.*\n?)+", prose, flags=re.MULTILINE)
    alone = [rows.partition("\n")[0] for rows in tables if not re.match(r".*\n\|[ :|-]*-[ :|-]*\|(\n|$)", rows)]
    assert alone == [], "rows without a head, which are shown as text: is there an empty line within a table?"
