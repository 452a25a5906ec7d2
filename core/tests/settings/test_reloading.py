"""Settings that a worker cannot take up when it reads server.conf again are said to wait for its next start."""

from marshmallow import Schema, fields

from pulp_events.settings.reloading import left_as_they_were
from pulp_events.settings.settings import Settings


class Section(Schema):
    lasting = fields.Boolean(load_default=False, data_key="for-good", metadata={"reloads": False})
    other = fields.Integer(load_default=0)


def test_only_what_has_changed_and_cannot_be_taken_up_is_said():
    def settings(**keys):
        return Settings.load(plugin_sections={"ours": Section}, given={"ours": keys, "delivery": {"lanes": 2}})

    said = [*left_as_they_were(settings(other=1), settings(**{"for-good": True, "other": 2}))]
    assert said == ["settings['ours']['for-good']"]
    assert not [*left_as_they_were(settings(**{"for-good": False}), settings(other=2))]
