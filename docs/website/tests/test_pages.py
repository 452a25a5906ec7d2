"""What the pages are made of: links, sections, docstrings, commands, names."""

import re

import api_pages
import build
import check_links
import command_pages
import conf
import docstrings
import links
import places
import pytest
import sections


def test_a_version_that_the_switcher_would_not_offer_is_not_built(tmp_path, monkeypatch):
    monkeypatch.setattr(conf, "version", "9.9")
    with pytest.raises(SystemExit, match=r"versions.json does not list 9\.9"):
        build.build(tmp_path / "site")
    assert not list(tmp_path.iterdir())


def test_links_are_rewritten_in_prose_and_not_in_code():
    text = "[a](b.md#c) `[x](b.md)`\n```text\n[y](b.md)\n```\n[d](../e.py) [f](https://g.example/h) [i](#j)\n"
    pages = {"docs/b.md": "b.md", "e.py": "files/e.py.md"}
    assert links.rewritten("docs/a.md", text, "deep/a.md", pages.__getitem__) == (
        "[a](../b.md#c) `[x](b.md)`\n```text\n[y](b.md)\n```\n[d](../files/e.py.md) [f](https://g.example/h) [i](#j)\n"
    )


def test_a_page_that_no_section_names_is_below_that_of_its_folder():
    front = "# Front\n\n## Begin\n\n- [one](one.md): first\n- [two](x/two.md)\n\n## Words\n\nnone\n"
    documents = {"index.md": front, "one.md": "", "x.md": "X\n", "x/two.md": "", "x/y/three.md": ""}
    made = sections.pages(documents, {})
    assert made["index.md"].endswith(sections.contents(["begin"]))
    assert made["begin.md"].endswith(sections.contents(["one", "x/two"]))
    assert made["x.md"] == f"X\n\n{sections.contents(['/x/y/three'])}"


def test_docstrings_become_restructuredtext():
    lines = ["Use `Event`, not `other`.", "", "    code `as` it is", "", "- `x`"]
    assert docstrings.as_rst(lines, {"Event": "pulp_events.Event"}) == [
        "Use :py:obj:`Event <pulp_events.Event>`\\ , not ``other``\\ .",
        "", "::", "", "    code `as` it is", "", "- ``x``\\ ",
    ]  # fmt: skip


def test_there_is_a_page_for_each_section_and_command():
    pages = command_pages.pages()
    assert {"cli/pulp-admin.md", "cli/pulp-admin-event.md", "cli/pulp-admin-event-listener-http-create.md",
            "cli/pulp-admin-event-web-token-create.md"} <= set(pages)  # fmt: skip
    text = pages["cli/pulp-admin-event-emit.md"]
    assert "```{option} --payload JSON" in text and "## Exit status" in text and "## Examples" in text


def test_a_public_name_that_is_on_no_page_is_an_error(monkeypatch):
    monkeypatch.setitem(api_pages.GROUPS, "Bus", "EventBus")
    with pytest.raises(ValueError, match="API_VERSION, Plugins, RefusedEvent, ServiceHealth, Settings, on"):
        api_pages.pages()


def test_what_is_not_for_applications_is_on_no_page_of_the_api(site):
    text = (site / conf.version / "api/pulp_events-bus.html").read_text("utf-8")
    assert 'id="pulp_events.EventBus.refused"' in text and "Not for applications" not in text
    assert 'id="pulp_events.EventBus.refuse"' not in text and 'id="pulp_events.EventBus.heartbeat"' not in text
    text = (site / conf.version / "api/pulp_events.testing.html").read_text("utf-8")
    assert 'id="pulp_events.testing.SmtpSink.reply"' in text and "SmtpSink.reply_to" not in text


def test_nor_is_it_in_a_document():
    text = (places.ROOT / "docs/notifier-reference.md").read_text("utf-8")
    assert "### SmtpSink" in text and "reply_to" not in text and "Not for applications" not in text


def test_this_version_is_in_the_list_of_versions():
    folders = [each["folder"] for each in conf.VERSIONS["versions"]]
    assert conf.version in folders and conf.VERSIONS["newest"] in folders


PLANTED = {
    "<p>Keep a message. :meta private:</p>": "shows :meta private:",
    '<a href="gone.html">x</a>': "gone.html: there is no such file",
    '<a href="there.html#gone">x</a>': "there.html#gone: there is no such place on that page",
    '<a href="#gone">x</a>': "#gone: there is no such place on that page",
    '<a href="https://">x</a>': "https://: no host",
    '<a href="mailto:nobody">x</a>': "mailto:nobody: no address",
    '<a href="file:///etc/hosts">x</a>': "file:///etc/hosts: file: is not a kind of link that a page has",
    '<img src="gone.png">': "gone.png: there is no such file",
    '<script src="https://cdn.example/x.js"></script>': "fetches https://cdn.example/x.js from elsewhere",
    '<link rel="stylesheet" href="//cdn.example/x.css">': "fetches //cdn.example/x.css from elsewhere",
}


@pytest.mark.parametrize(("html", "fault"), PLANTED.items(), ids=PLANTED.values())
def test_the_checker_finds(tmp_path, html, fault):
    (tmp_path / "there.html").write_text('<p id="place">x</p>')
    (tmp_path / "index.html").write_text(html)
    assert any(fault in each for each in check_links.faults(tmp_path))


def test_the_checker_finds_nothing_where_all_is_well(tmp_path):
    (tmp_path / "there.html").write_text('<p id="a b">x</p>')
    good = '<a href="there.html#a%20b">x</a><a href="https://a.example/x">y</a><a href="mailto:a@b.example">z</a>'
    (tmp_path / "index.html").write_text(f'{good}<img src="data:image/png;base64,">')
    assert list(check_links.faults(tmp_path)) == []


def test_the_checker_reads_styles(tmp_path):
    (tmp_path / "a.css").write_text(
        "@import 'https://fonts.example/x'; b { background: url(//c.example/d) url(e.png) }"
    )
    assert len(list(check_links.faults(tmp_path))) == 2


def test_every_module_that_is_promised_to_authors_has_a_page():
    text = (places.ROOT / "docs/stability.md").read_text("utf-8")
    named = {name.removesuffix(".__all__") for name in re.findall(r"`(pulp_events\w*\.[a-z_.]+?)(?:\.__all__)?`", text)}
    there = [*api_pages.MODULES, *api_pages.OTHERS]
    missing = {name for name in named if not any(f"{each}.".startswith(f"{name}.") for each in there)}
    assert {"pulp_events.stores", "pulp_events_amqp.testing"} <= named and missing == set()
