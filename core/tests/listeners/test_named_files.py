"""Which files a configuration stands on."""

from marshmallow import Schema, fields

from pulp_events.frozen import freeze
from pulp_events.listeners.named_files import named_files


class Config(Schema):
    url = fields.String()
    token = fields.String(metadata={"secret": True})
    headers = fields.List(fields.String(), metadata={"secret": True})
    extra = fields.Dict(metadata={"secret": True})
    ca_path = fields.String(metadata={"names_file": True}, data_key="ca-path")
    keys = fields.List(fields.String(), metadata={"names_file": True})


def test_references_and_fields_that_name_files_are_found_each_once():
    config = {
        "url": "/etc/hosts",
        "token": {"$file": "/run/token"},
        "headers": ["X: y", {"$file": "/run/header"}, {"$env": "HEADER"}],
        "extra": {"a": {"$file": "/run/extra"}, "b": {"$file": "/run/token"}},
        "ca-path": "/etc/ca.pem",
        "keys": ["/etc/1.key", {"$file": "/etc/2.key"}],
    }
    expected = ("/run/token", "/run/header", "/run/extra", "/etc/ca.pem", "/etc/1.key", "/etc/2.key")
    assert named_files(Config(), config) == expected
    assert named_files(Config(), freeze(config)) == expected


def test_where_no_file_is_named_there_is_none():
    config = {"url": "http://x/", "token": "plain", "ca-path": "", "keys": [], "extra": {"$file": 5}, "unknown": None}
    assert named_files(Config(), config) == ()
