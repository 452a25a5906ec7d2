"""Faults of schemas and of what a notifier says of itself."""

from marshmallow import Schema, ValidationError, fields, validate

from .good import Good, GoodChannel, GoodConfig, fault
from .kinds import Nesting


class NoHelp(GoodConfig):
    room = fields.String()


@fault("every_option_has_a_help_text")
class ExplainsNothing(Good):
    config_schema = NoHelp


class OpenSecret(GoodConfig):
    token = fields.String(required=True, metadata={"help": "says who we are"})


@fault("its_secrets_may_be_references")
class WantsToSeeItsSecret(Good):
    def warnings(self, config, settings):
        return ["the token is short"] if len(config["token"]) < 8 else []


@fault("its_secrets_may_be_references")
class WantsToSeeANestedSecret(Nesting):
    def check(self, config):
        if len(config["account"]["token"]) < 4:
            raise ValidationError({"account": "The token is short."})


@fault("its_secrets_may_be_references")
class WarnsOfANestedSecret(Nesting):
    def warnings(self, config, settings):
        return ["the token is short"] if len(config["account"]["token"]) < 4 else []


@fault("its_secrets_may_be_references")
class CountsItsTargetsByANestedSecret(Nesting):
    def targets(self, config):
        return ["one", "two"] if len(config["account"]["token"]) > 99 else ["one"]


@fault("targets_are_labels_without_secrets")
class NamesItsTargetByANestedSecret(Nesting):
    def targets(self, config):
        return [config["account"].get("token", "")]


@fault("targets_are_labels_without_secrets")
class NamesTwoTargetsAlike(Good):
    def targets(self, config):
        return ["one", "one"]


@fault("what_sounds_like_a_secret_is_marked_as_one")
class MarksNoSecret(Good):
    config_schema = OpenSecret


class Upper(fields.String):
    def _serialize(self, value, attr, obj, **kwargs):
        return None if value is None else value + "!"


class Growing(GoodConfig):
    host = Upper(required=True, validate=validate.Length(min=1), metadata={"help": "where to"})


@fault("what_sounds_like_a_file_or_program_is_marked_as_one")
class UnmarkedPath(Good):
    class config_schema(GoodConfig):  # noqa: N801
        ca_path = fields.String(metadata={"help": "whom to trust"})


@fault("what_sounds_like_a_file_or_program_is_marked_as_one")
class UnmarkedProgram(Good):
    class config_schema(GoodConfig):  # noqa: N801
        before = fields.String(metadata={"help": "program that is run first: the path of an executable"})


@fault("where_it_connects_to_is_declared_as_it_is_done")
class SaysAnything(Good):
    connects_to = "anywhere"


@fault("where_it_connects_to_is_declared_as_it_is_done")
class SaysWhatNoSettingsSay(Good):
    connects_to = "as settings say"


@fault("a_configuration_survives_json")
class ChangesItsConfiguration(Good):
    config_schema = Growing

    def open(self, config, settings):
        return GoodChannel({**config, "host": config["host"].rstrip("!")})


class AcceptsAll(GoodConfig):
    host = fields.String(metadata={"help": "where to"})
    port = fields.Raw(metadata={"help": "its port"})
    token = fields.String(metadata={"help": "says who we are", "secret": True})


@fault("invalid_configurations_are_refused_by_the_schema")
class ChecksNothing(Good):
    config_schema = AcceptsAll


def a_number(value):
    if not isinstance(value, int):
        raise ValidationError("Not a number.")


class OneNumber(fields.List):
    def _deserialize(self, value, attr, data, **kwargs):
        a_number(value)
        return value

    def _serialize(self, value, attr, obj, **kwargs):
        return value


class NotAList(GoodConfig):
    port = OneNumber(fields.Integer(), required=True, metadata={"help": "its port"})


@fault("what_the_api_takes_the_command_line_takes")
class DeclaresAListAndTakesANumber(Good):
    """The command line gives what is declared."""

    config_schema = NotAList


class NeedsASetting(Schema):
    limit = fields.Integer(required=True, metadata={"help": "limit"})


@fault("the_settings_have_defaults")
class CannotDoWithoutServerConf(Good):
    settings_section = "planted"
    settings_schema = NeedsASetting


class NotJson(GoodConfig):
    ratio = fields.Raw(load_default=1j, metadata={"help": "how much"})


@fault("a_configuration_survives_json")
class KeepsWhatIsNoJson(Good):
    config_schema = NotJson


class Lossy(fields.Integer):
    def _serialize(self, value, attr, obj, **kwargs):
        return None if value is None else f"<{value}>"


class NotLoadedAgain(GoodConfig):
    ratio = Lossy(metadata={"help": "how much"})


@fault("a_configuration_survives_json")
class KeepsWhatItDoesNotLoad(Good):
    config_schema = NotLoadedAgain


@fault("targets_are_labels_without_secrets")
class NamesItsTargetBySecret(Good):
    def targets(self, config):
        return [config["token"]]


@fault("it_can_be_registered")
class HasABadName(Good):
    type_id = "Not A Name"


@fault("a_configuration_survives_json")
class NamesItsTargetsAnew(Good):
    def targets(self, config):
        import uuid

        return [uuid.uuid4().hex]
