"""What an untrusted author may have in a listener is decided when it is stored, whoever changes it and how."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulp_events import Author, InvalidConfig, ListenerNotFound, NotAllowed, QuotaExceeded

ALICE, BOB = Author("alice"), Author("bob")
PLAIN = {"url": "http://127.0.0.1:1/"}

REFUSED = [
    ("token", {"$file": "/etc/shadow"}, "reference"),
    ("token", {"$env": "HOME"}, "reference"),
    ("note", {"$file": "/etc/shadow"}, "reference"),
    ("notes", ["a", {"$env": "HOME"}], "reference"),
    ("marks", {"a": {"$file": "/etc/shadow"}}, "reference"),
    ("account", {"secret": {"$file": "/etc/shadow"}}, "reference"),
    ("ca_path", "ca.pem", "Only trusted"),
    ("hook", "true", "Only trusted"),
    ("pages", "pages", "Only trusted"),
    ("account", {"keyfile": "x"}, "Only trusted"),
    ("accounts", {"a": {"keyfile": "x"}}, "Only trusted"),
    ("accounts", {"a": {"name": "/etc/shadow"}}, "path"),
    ("plucked", "x", "Only trusted"),
    ("several", ["x"], "Only trusted"),
    ("note", "/etc/shadow", "path"),
    ("note", "~root/x", "path"),
    ("note", "../x", "path"),
    ("note", " C:\\x", "path"),
    ("note", "file:///etc/shadow", "path"),
    ("notes", ["a", "/etc/shadow"], "path"),
    ("marks", {"a": "/etc/shadow"}, "path"),
    ("marks", {"/etc/shadow": "a"}, "path"),
    ("account", {"name": "/etc/shadow"}, "path"),
    ("body", "{{ payload }}", "template"),
    ("body", "{% for x in payload %}{% endfor %}", "template"),
    ("note", "{{ payload }}", "template"),
    ("notes", ["{{ payload }}"], "template"),
    ("url", "http://10.0.0.1/", "not allowed by"),
    ("url", "http://0xa.1/", "not allowed by"),
    ("url", "http://[::1]/", "not allowed by"),
    ("url", "http://169.254.169.254/latest", "not allowed by"),
    ("note", "http://10.0.0.1/", "not allowed by"),
]
ALLOWED = [("plain", "/etc {{ payload }}"), ("body", "constant { text }"), ("note", "a/b: x"), ("token", "t")]


@pytest.mark.parametrize(("key", "value", "why"), REFUSED)
def test_what_names_files_or_networks_or_is_a_template_is_refused(bus, net, file, key, value, why):
    with pytest.raises(InvalidConfig, match=why) as refused:
        bus.listeners.create("net", {**PLAIN, key: value}, ["*"], author=ALICE)
    assert any(path.split(".")[0] == key for path in refused.value.errors)
    assert not file.exists() and net.asked == [], "the plugin must not get it"
    mine = bus.listeners.create("net", PLAIN, ["*"], author=ALICE)
    for listeners in (bus.listeners, bus.listeners.by(ALICE)):  # an administrator's change leaves it what it is
        with pytest.raises(InvalidConfig, match=why):
            listeners.update(mine.id, {key: value})
        with pytest.raises(InvalidConfig, match=why), listeners.together() as several:
            several.update(mine.id, {key: value})
        with pytest.raises(InvalidConfig, match=why):
            listeners.draft_update(mine.id, {key: value})
    with pytest.raises(InvalidConfig, match=why):
        bus.listeners.by(ALICE).keep(mine.id, "net", {key: value}, ["*"])
    assert bus.listeners.get(mine.id) == mine


@pytest.mark.parametrize(("key", "value"), ALLOWED)
def test_what_only_looks_so_is_taken_where_the_schema_says_so(bus, key, value):
    made = bus.listeners.create("net", {**PLAIN, key: value}, ["*"], author=ALICE)
    assert made.notifier_config[key] == value and made.author == ALICE and made.untrusted


@pytest.mark.parametrize(
    ("key", "value", "why"), [each for each in REFUSED if each[0] not in ("note", "notes", "marks")]
)
def test_trusted_authors_may_do_all_that_administrators_may(bus, key, value, why):
    if value not in ({"secret": {"$file": "/etc/shadow"}},):  # references stand in secrets of the first level only
        for author in (None, Author("root", trusted=True)):
            assert not bus.listeners.create("net", {**PLAIN, key: value}, ["*"], author=author).untrusted


def test_a_type_that_says_nothing_of_its_connections_is_refused_though_it_is_listed(bus, open_bus):
    with pytest.raises(NotAllowed, match="free listeners: the plugin does not hold their connections"):
        bus.listeners.create("free", {}, ["*"], author=ALICE)
    bus.close()
    with pytest.raises(NotAllowed, match=r"net listeners: \[untrusted\] notifier_types has free"):
        open_bus(notifier_types="free").listeners.create("net", PLAIN, ["*"], author=ALICE)


def test_nobody_untrusted_sees_or_changes_listeners_of_others(bus):
    admins = bus.listeners.create("net", {**PLAIN, "token": "secret of root"}, ["*"], name="admins")
    roots = bus.listeners.create("net", PLAIN, ["*"], author=Author("alice", trusted=True))
    bobs = bus.listeners.create("net", PLAIN, ["*"], author=BOB)
    other = bus.listeners.create("net", PLAIN, ["*"], author=Author("alice", scope="b"))
    acting = bus.listeners.by(ALICE)
    assert acting.list() == [] and acting.history() == []
    for listener in (admins, roots, bobs, other):
        for name in filter(None, (listener.id, listener.name)):
            for change in (
                lambda name=name: acting.get(name),
                lambda name=name: acting.update(name, {"url": "http://127.0.0.1:2/"}),
                lambda name=name: acting.update(name, labels={"a": "b"}),
                lambda name=name: bus.listeners.update(name, {"url": "http://127.0.0.1:2/"}, author=ALICE),
                lambda name=name: acting.disable(name),
                lambda name=name: acting.enable(name),
                lambda name=name: acting.mute(name, 5),
                lambda name=name: acting.unmute(name),
                lambda name=name: acting.delete(name),
                lambda name=name: acting.draft_update(name, {"url": "http://127.0.0.1:2/"}),
            ):
                with pytest.raises(ListenerNotFound):
                    change()
            for what in ("update", "delete", "disable", "enable", "unmute"):
                with pytest.raises(ListenerNotFound), acting.together() as several:
                    getattr(several, what)(name, **({"labels": {"a": "b"}} if what == "update" else {}))
        with pytest.raises(ListenerNotFound):
            acting.keep(listener.id, "net", {"url": "http://127.0.0.1:2/"}, ["*"])
    assert bus.listeners.list() == [admins, roots, bobs, other]
    with pytest.raises(NotAllowed, match="all listeners"):
        acting.mute_all(60)
    assert acting.mute_all(60, labels={"a": None}) == acting.unmute_all() == []
    others = bus.listeners.by(Author("alice", others=True))
    assert others.list() == [bobs], "of the same scope, and of nobody trusted"
    assert others.update(bobs.id, labels={"a": "b"}).author == BOB


def test_an_untrusted_author_acts_for_nobody_else_and_says_nothing_of_trust(bus):
    acting = bus.listeners.by(ALICE)
    mine = acting.create("net", PLAIN, ["*"])
    for act in (
        lambda: acting.by(BOB),
        lambda: acting.by("root"),
        lambda: acting.create("net", PLAIN, ["*"], author=Author("root", trusted=True)),
        lambda: acting.update(mine.id, labels={}, author=Author("root", trusted=True)),
        lambda: acting.entrust(mine.id, Author("alice", trusted=True)),
        lambda: acting.together().create("net", PLAIN, ["*"], author=Author("root", trusted=True)),
        lambda: acting.together().entrust(mine.id, None),
        lambda: acting.create("net", PLAIN, ["*"], listener_id="0" * 24),
        lambda: acting.keep("0" * 24, "net", PLAIN, ["*"]),
        lambda: acting.together().create("net", PLAIN, ["*"], listener_id="0" * 24),
        lambda: acting.create("net", PLAIN, ["*"], name="ci-hook"),
        lambda: acting.update(mine.id, name="ci-hook"),
        lambda: acting.create("net", PLAIN, ["*"], lanes=64),
        lambda: acting.update(mine.id, timeout=86400.0),
        lambda: acting.update(mine.id, retry_schedule=[0.001]),
        lambda: acting.create("net", PLAIN, ["*"], scope="b"),
        lambda: acting.update(mine.id, scope="b"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert bus.listeners.list() == [mine]


def test_only_an_administrator_makes_a_listener_trusted_or_not(bus):
    mine = bus.listeners.create("net", PLAIN, ["*"], author=ALICE)
    assert bus.listeners.update(mine.id, {"token": "t"}, lanes=2).untrusted, "it stays what it is"
    trusted = bus.listeners.entrust(mine.id, Author("alice", trusted=True))
    assert not trusted.untrusted and trusted.author.name == "alice"
    bus.listeners.update(mine.id, {"ca_path": "/etc/ca.pem"})
    with pytest.raises(InvalidConfig, match="ca_path"):
        bus.listeners.entrust(mine.id, ALICE)
    bus.listeners.update(mine.id, {"ca_path": None})
    assert bus.listeners.entrust(mine.id, ALICE).untrusted
    assert bus.listeners.entrust(mine.id, None).author is None


def test_the_history_has_who_it_was(bus):
    mine = bus.listeners.by(ALICE).create("net", PLAIN, ["*"])
    bus.listeners.by("root").update(mine.id, labels={"a": "b"})
    assert [change.by for change in bus.listeners.history(mine.id)] == ["root", "alice (untrusted)"]
    assert bus.listeners.history(mine.id)[-1].after["author"] == {"name": "alice", "trusted": False}
    bus.listeners.create("net", PLAIN, ["*"], author=BOB)
    mine_alone = bus.listeners.by(ALICE).history()
    assert {change.listener_id for change in mine_alone} == {mine.id} and len(mine_alone) == 2
    assert len(bus.listeners.by(ALICE).history(limit=1)) == 1


@pytest.mark.parametrize("many", [False, True])
def test_an_author_has_no_more_listeners_than_allowed(open_bus, many):
    bus = open_bus(max_listeners=2)
    bus.listeners.create("net", PLAIN, ["*"], author=BOB)
    acting = bus.listeners.by(ALICE)
    if many:
        with pytest.raises(QuotaExceeded, match="alice .*2 listeners"), acting.together() as several:
            for _ in range(3):
                several.create("net", PLAIN, ["*"])
        with acting.together() as several:
            for _ in range(2):
                several.create("net", PLAIN, ["*"])
        assert len(acting.list()) == 2
        return
    first = acting.create("net", PLAIN, ["*"])
    acting.create("net", PLAIN, ["*"])
    with pytest.raises(QuotaExceeded, match=r"\[untrusted\] max_listeners"):
        acting.create("net", PLAIN, ["*"])
    with pytest.raises(QuotaExceeded):  # in another scope he is the same one
        bus.listeners.create("net", PLAIN, ["*"], author=Author("alice", scope="b"))
    acting.delete(first.id)
    acting.create("net", PLAIN, ["*"])


def test_targets_and_size_are_bounded(open_bus):
    bus = open_bus(max_targets=2)
    acting = bus.listeners.by(ALICE)
    mine = acting.create("net", {**PLAIN, "to": ["a", "b"], "note": "x" * 25_000}, ["*"])
    for act in (
        lambda: acting.create("net", {**PLAIN, "to": ["a", "b", "c"]}, ["*"]),
        lambda: acting.update(mine.id, {"to": ["a", "b", "c"]}),
        lambda: acting.create("net", {**PLAIN, "token": "x" * 40_000}, ["*"]),
        lambda: acting.update(mine.id, {"token": "x" * 40_000}),
        lambda: acting.update(mine.id, filter=f"payload.x == '{'x' * 9_000}'"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert bus.listeners.list() == [mine]


def test_a_record_of_an_untrusted_author_is_broken_for_releases_that_know_nothing_of_it(bus, file):
    """They would take it for an administrator's: they look for `notifier_config`, and find none."""
    bus.listeners.create("net", PLAIN, ["*"], author=ALICE)
    bus.listeners.create("net", PLAIN, ["*"], scope="a")
    bus.listeners.create("net", PLAIN, ["*"], author=Author("root", trusted=True))
    kept = [*json.loads(file.read_text())["listeners"].values()]
    assert [("notifier_config" in each, "restricted_config" in each) for each in kept] == [
        (False, True), (False, True), (True, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        {"author": ...},
        {"author": None},
        {"author": "alice"},
        {"author": {"name": "alice"}},
        {"author": {"name": "alice", "trusted": "no"}},
        {"author": {"name": "alice", "trusted": None}},
        {"author": {"name": "", "trusted": False}},
        {"author": {"name": "alice", "trusted": True}},
        {"notifier_config": {"url": "http://127.0.0.1:1/"}},
    ],
)
def test_a_record_that_lost_its_author_is_broken_and_not_trusted(bus, edit, damage):
    mine = bus.listeners.create("net", PLAIN, ["*"], author=ALICE)
    edit(**damage)
    assert bus.listeners.list() == []
    assert mine.id in bus._store.broken()


texts = st.one_of(st.sampled_from(["/etc/x", "{{ x }}", "{% x %}", "a", "http://10.0.0.1/", "file:x", ""]), st.text())
values = st.recursive(
    texts | st.builds(lambda text: {"$file": text}, texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def leaves(value):
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


@given(config=st.dictionaries(st.sampled_from(["note", "notes", "marks", "account", "token", "unknown"]), values))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_dangerous_gets_through_wherever_it_stands(bus, config):
    limits = bus.listeners._actor.limits
    dangerous = any(
        text.lstrip().startswith(("/", "~", "file:", "$")) or "{{" in text or "{%" in text or "10.0.0.1" in text
        for text in leaves(list(config.values()))
    )
    if dangerous:
        with pytest.raises(InvalidConfig):
            limits.refuse_config(bus.plugins.notifier("net"), config)
