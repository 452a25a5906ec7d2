"""A notifier without a fault, and many with one each. Used by test_planted_faults.py, in a pytest run of its own."""

import logging
import threading

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events import Channel, Notifier, PermanentFailure, TimedOut, TransientFailure
from pulp_events.notifier import WITHIN_NETWORKS

logger = logging.getLogger("planted")


class GoodConfig(Schema):
    host = fields.String(required=True, validate=validate.Length(min=1), metadata={"help": "where to"})
    port = fields.Integer(required=True, metadata={"help": "its port"})
    token = fields.String(
        required=True, validate=validate.Length(max=60), metadata={"help": "says who we are", "secret": True}
    )


class GoodChannel(Channel):
    """POSTs over a kept connection."""

    timeout = 0.5

    def __init__(self, config):
        self.config, self.connection = config, None

    def connect(self):
        import http.client

        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.config["host"], self.config["port"], timeout=self.timeout)
        return self.connection

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def body(self, delivery):
        return delivery.report

    def delivery_id(self, delivery):
        return delivery.id

    def send(self, delivery):
        import http.client

        headers = {"Authorization": f"Bearer {self.config['token']}", "Delivery-Id": self.delivery_id(delivery)}
        try:
            connection = self.connect()
            connection.request("POST", "/", self.body(delivery), headers)
            answer = connection.getresponse()
            answer.read()
        except TimeoutError as error:
            self.close()
            raise TimedOut("no answer in time") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return self.on_broken(error)
        self.detail = f"{answer.status} {answer.reason}"
        return self.on_status(answer.status)

    def on_broken(self, error):
        raise TransientFailure(f"connection broken: {type(error).__name__}") from error

    def on_status(self, status):
        if status >= 500:
            raise TransientFailure(f"status {status}")
        if status >= 300:
            raise PermanentFailure(f"status {status}")


class Good(Notifier):
    type_id = "planted"
    config_schema = GoodConfig
    time_limit = 2.0
    channel_class = GoodChannel
    connects_to = WITHIN_NETWORKS

    def open(self, config, settings):
        return self.channel_class(config)

    def open_within(self, config, settings, networks):
        channel = self.open(config, settings)
        connect = channel.connect

        def held():
            networks.check(config["host"])
            return connect()

        channel.connect = held
        return channel


def fault(*claims):
    """Marks a notifier with a fault: which claims must catch it."""

    def mark(notifier):
        notifier.claims = claims
        return notifier

    return mark


def with_channel(**overrides):
    return type("FaultyChannel", (GoodChannel,), overrides)


@fault("an_event_arrives_exactly_once")
class ReturnsTrue(Good):
    channel_class = with_channel(on_status=lambda self, status: True)


@fault("an_event_arrives_exactly_once")
class SendsTwice(Good):
    channel_class = with_channel(
        send=lambda self, delivery: (GoodChannel.send(self, delivery), GoodChannel.send(self, delivery))[1]
    )


@fault("an_event_arrives_exactly_once")
class SendsNothing(Good):
    channel_class = with_channel(send=lambda self, delivery: None)


@fault("an_error_of_the_server_is_transient", "a_rejection_is_permanent", "bad_credentials_are_a_failure_that_says_so")
class SwallowsErrors(Good):
    channel_class = with_channel(on_status=lambda self, status: None)


def all_transient(self, status):
    if status >= 300:
        raise TransientFailure(f"status {status}")


@fault("a_rejection_is_permanent")
class TriesForEver(Good):
    channel_class = with_channel(on_status=all_transient)


def all_permanent(self, status):
    if status >= 300:
        raise PermanentFailure(f"status {status}")


@fault("an_error_of_the_server_is_transient")
class GivesUpAtOnce(Good):
    channel_class = with_channel(on_status=all_permanent)


def permanent_when_broken(self, error):
    raise PermanentFailure("connection broken") from error


@fault(
    "a_refused_connection_is_transient",
    "a_reset_connection_is_transient",
    "garbage_is_transient",
    "a_half_closed_connection_is_transient",
)
class GivesUpOnConnections(Good):
    channel_class = with_channel(on_broken=permanent_when_broken)


@fault("a_refused_connection_is_transient")
class SwallowsConnections(Good):
    channel_class = with_channel(on_broken=lambda self, error: None)


@fault("a_server_that_hangs_is_given_up_within_the_time_limit")
class Hangs(Good):
    time_limit = 1.0
    channel_class = with_channel(timeout=60)


@fault("unicode_and_200_kb_arrive_whole")
class Truncates(Good):
    channel_class = with_channel(body=lambda self, delivery: delivery.report[:100_000])


@fault("unicode_and_200_kb_arrive_whole")
class KnowsOnlyAscii(Good):
    channel_class = with_channel(body=lambda self, delivery: delivery.report.decode().encode("ascii", "replace"))


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


@fault("no_connection_leaves_the_networks_that_it_is_held_to")
class ForgetsNetworks(Good):
    def open_within(self, config, settings, networks):
        return self.open(config, settings)


@fault("a_kept_connection_of_others_does_not_lead_out_of_the_networks")
class SharesConnections(Good):
    def open(self, config, settings):
        channel = super().open(config, settings)
        self.kept = channel.connect
        return channel

    def open_within(self, config, settings, networks):
        if not hasattr(self, "kept"):
            return super().open_within(config, settings, networks)
        channel = self.channel_class(config)
        channel.connect = self.kept
        return channel


@fault("what_the_networks_allow_is_delivered")
class RefusesAll(Good):
    def open_within(self, config, settings, networks):
        raise TransientFailure("not for the untrusted")


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


class NumbersOnly(GoodConfig):
    port = fields.Raw(required=True, validate=a_number, metadata={"help": "its port"})


@fault("what_the_api_takes_the_command_line_takes")
class TakesNoText(Good):
    """A command line has nothing but texts."""

    config_schema = NumbersOnly


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


def say_the_token(self, error):
    raise TransientFailure(f"cannot connect with {self.config['token']}") from error


@fault("nothing_secret_is_seen")
class SaysItsSecret(Good):
    channel_class = with_channel(on_broken=say_the_token)


def log_the_token(self, status):
    logger.debug("sent with %s", self.config["token"])
    GoodChannel.on_status(self, status)


@fault("nothing_secret_is_seen")
class LogsItsSecret(Good):
    channel_class = with_channel(on_status=log_the_token)


@fault("nothing_secret_is_seen")
class ShowsItsSecretInRepr(Good):
    channel_class = with_channel(__repr__=lambda self: f"<channel {self.config}>")


@fault("targets_are_labels_without_secrets")
class NamesItsTargetBySecret(Good):
    def targets(self, config):
        return [config["token"]]


@fault("nothing_is_left_after_close")
class LeavesItsSocket(Good):
    kept = []

    def open(self, config, settings):
        kept = self.kept

        def close(channel):
            if channel.connection is not None:
                kept.append(channel.connection.sock)
                channel.connection = None

        return with_channel(close=close)(config)


def start_a_thread(self):
    threading.Thread(target=threading.Event().wait, daemon=True, name="left-behind").start()


@fault("nothing_is_left_after_close")
class LeavesAThread(Good):
    channel_class = with_channel(open=start_a_thread)


@fault("the_configuration_is_not_changed")
class ChangesWhatItIsGiven(Good):
    def open(self, config, settings):
        config["seen"] = True
        return GoodChannel(config)


def connect_again(self):
    self.close()
    return GoodChannel.connect(self)


@fault("a_kept_connection_is_used_again")
class ConnectsEachTime(Good):
    channel_class = with_channel(connect=connect_again)


def dead_for_good(self, delivery):
    if getattr(self, "dead", False):
        raise PermanentFailure("the connection is gone")
    try:
        return GoodChannel.send(self, delivery)
    except TransientFailure:
        self.dead = True
        raise


@fault("a_connection_that_the_peer_closed_is_opened_again")
class NeverReconnects(Good):
    channel_class = with_channel(send=dead_for_good)


@fault("two_channels_work_in_two_threads_at_once")
class SharesItsConnection(Good):
    busy = threading.Lock()

    def open(self, config, settings):
        busy = self.busy

        def send(channel, delivery):
            if not busy.acquire(blocking=False):
                raise RuntimeError("two at once on one connection")
            try:
                threading.Event().wait(0.01)
                return GoodChannel.send(channel, delivery)
            finally:
                busy.release()

        return with_channel(send=send)(config)


@fault("a_retry_has_the_delivery_id_of_the_first_attempt")
class NamesEachAttempt(Good):
    channel_class = with_channel(delivery_id=lambda self, delivery: f"{delivery.id}-{delivery.attempts}")


@fault("it_can_be_registered")
class HasABadName(Good):
    type_id = "Not A Name"


def fail_silently(self, error):
    raise TransientFailure("") from error


@fault("a_refused_connection_is_transient")
class FailsWithoutAWord(Good):
    channel_class = with_channel(on_broken=fail_silently)


def close_noisily(self):
    if self.connection is None:
        raise RuntimeError("closed already")
    GoodChannel.close(self)


@fault("closing_twice_or_after_a_failed_open_harms_nothing")
class CannotBeClosedTwice(Good):
    channel_class = with_channel(close=close_noisily)


FAULTY = [value for value in list(globals().values()) if isinstance(value, type) and "claims" in vars(value)]
