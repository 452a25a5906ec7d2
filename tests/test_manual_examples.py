"""The examples of the manual pages: every command has some, and they do what is said."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import textwrap

import pytest

from pulp_events.plugins.registry import Plugins
from pulp_events_cli.global_options import GlobalOptions, extract
from pulp_events_cli.manual import command_page, notes
from pulp_events_cli.parser.parser import PLUGINS
from pulp_events_cli.parser.root import build
from pulp_events_cli.session import Session

EVENT = "01929e5f-0000-7000-8000-000000000001"
BEFORE = f"""
pulp-admin event listener http create --name=ci-hook --event-type='repo.sync.*' --url=http://ci.example/hook \
    --secret=generate --label=team=ops
pulp-admin event listener http create --name=chat --event-type=repo.sync.finish --permanent=404 \
    --url=http://ci.example/no-such-hook
pulp-admin event listener http create --name=archive --event-type=repo.sync.finish --label=team=ops \
    --url=http://down.example/
pulp-admin event emit repo.sync.finish --id={EVENT} --payload='{{"repo_id": "pulp2", "result": "failed"}}' --timeout=2s
"""
"""A delivery that was made, one that is dead, and one that is pending."""

PROMPT = re.compile(r"^ {4}\$ ", re.MULTILINE)


OF_OTHERS = [kind for kind in Plugins.load().notifiers if kind not in ("amqp", "email", "http")]


def walk():
    """The sections and commands of the packages that are always there."""
    root = build(Session(GlobalOptions()))
    others = [f"pulp-admin event listener {kind}" for kind in OF_OTHERS]
    root.command("event").complete()
    others += [found.prog for _, found in command_page.commands(root.command("event")) if found.group == PLUGINS]
    return [each for each in command_page.walk(root) if not f"{each.prog} ".startswith(tuple(f"{o} " for o in others))]


def pages():
    return {parser.prog: text for parser in walk() if (text := notes.examples(parser))}


def typed(text):
    """What is typed in the examples, and what is said to be printed; empty where that is not shown."""
    for block in re.split(r"\n\s*\n", text):
        if block.startswith("    $ "):
            for part in PROMPT.split(block)[1:]:
                command, _, output = part.partition("\n")
                yield command, textwrap.dedent(output).strip("\n")


def test_every_command_has_examples_and_each_of_its_sections_stands_once():
    with_examples = pages()
    for parser in walk():
        if parser.get_default("run") is not None and parser.commands is None:
            assert parser.prog in with_examples
        headings = re.findall(r"^\.SH .*", command_page.page(parser), re.MULTILINE)
        assert len(headings) == len(set(headings)), parser.prog
        known = [heading for heading in notes.ORDER if f".SH {heading}" in headings]
        assert [f".SH {heading}" for heading in known] == headings[-len(known) :], parser.prog
        for heading in (notes.EXIT, notes.ENVIRONMENT, notes.FILES, notes.EXAMPLES, notes.SEE_ALSO):
            assert f".SH {heading}" in headings, (parser.prog, heading)


def test_no_notes_are_left_of_a_command_that_is_gone():
    from importlib.resources import files

    names = {parser.prog.replace(" ", "-") for parser in walk()}
    names |= {re.sub("-listener-http-", "-listener-TYPE-", name) for name in names}
    folder = files("pulp_events_cli.manual") / "pages"
    assert {each.name.removesuffix(".txt") for each in folder.iterdir() if each.name.endswith(".txt")} <= names


@pytest.mark.sample(14)
@pytest.mark.parametrize("prog", pages())
def test_an_example_of_its_command_is_a_command_line_that_is_taken(prog):
    """Of what stands in pipes and substitutions, the slow test sees."""
    root = build(Session(GlobalOptions()))
    commands = [shlex.split(command, comments=True) for command, _ in typed(pages()[prog])]
    assert any(words[: len(prog.split())] == prog.split() for words in commands)
    for words in commands:
        if words[0] == "pulp-admin":
            end = next((number for number, word in enumerate(words) if word in (">", "<", "|")), len(words))
            root.parse_words(extract(words[1:end])[1])


@pytest.mark.slow
def test_the_examples_do_what_is_said(runner):
    subprocess.run(["sh", "-c", BEFORE], cwd=runner.folder, env=runner.environment, capture_output=True, check=False)
    data, kept = runner.folder / "data", runner.folder / "kept"
    shutil.copytree(data, kept)
    shutil.copyfile(data / "outbox.sqlite", runner.folder / "outbox.sqlite.corrupt-20261124")
    for prog, text in pages().items():
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(kept, data)
        if prog.endswith(" update"):
            _update(runner, prog.split()[3])
        for command, output in typed(text):
            done = subprocess.run(["sh", "-c", command], cwd=runner.folder, env=runner.environment,
                                  capture_output=True, text=True, timeout=60)  # fmt: skip
            # Nobody delivers here, which is what `event health` is asked for.
            expected = (0, 1, 2) if prog.endswith(" health") else (0,)
            assert done.returncode in expected, f"{prog}\n$ {command}\n{done.stdout}{done.stderr}"
            if output:
                runner.varying.compare(output, done.stdout + done.stderr, f"{prog}\n$ {command}")


def _update(runner, type_id):
    """Make the listener that the example changes, as the example of `create` does."""
    create = pages()[f"pulp-admin event listener {type_id} create"]
    for command, _ in typed(create):
        subprocess.run(["sh", "-c", command], cwd=runner.folder, env=runner.environment, check=True)
