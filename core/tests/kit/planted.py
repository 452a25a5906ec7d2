"""A notifier without a fault, and many with one each. Used by test_planted_faults.py, in a pytest run of its own."""

import logging
import threading
from pathlib import Path

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

    def headers(self, delivery):
        return {}

    def send(self, delivery):
        import http.client

        headers = {"Authorization": f"Bearer {self.config['token']}", "Delivery-Id": self.delivery_id(delivery)}
        headers |= self.headers(delivery)
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


# How it behaves beside its deliveries


class Rooms(GoodConfig):
    rooms = fields.List(fields.String(), required=True, metadata={"help": "rooms, each a target"})


class Roomy(Good):
    """Two targets; each request names its own."""

    config_schema = Rooms
    more_config = {"rooms": ["red", "blue"]}
    channel_class = with_channel(headers=lambda self, delivery: {"Room": delivery.target})

    def targets(self, config):
        return config["rooms"]


class Batching(Good):
    channel_class = with_channel(batch_size=10)


class Digest(Good):
    """All events of a minute are one request."""

    channel_class = with_channel(send_batch=lambda self, deliveries: together(self, deliveries))

    def window(self, config):
        return 60.0


def together(self, deliveries):
    failure = None
    bodies = [delivery.report for delivery in deliveries]
    try:
        one = deliveries[0]
        channel = GoodChannel(self.config)
        channel.connect = self.connect
        channel.body = lambda _: b"[" + b",".join(bodies) + b"]"
        channel.send(one)
        self.connection = channel.connection or self.connection
    except (TransientFailure, PermanentFailure) as error:
        self.close()
        failure = error
    for delivery in deliveries:
        yield delivery, failure


class Limited(Good):
    """The receiver takes 10 KB at most."""

    contract = {"largest": 10_000}

    class channel_class(GoodChannel):  # noqa: N801
        def send(self, delivery):
            if len(delivery.report) > 10_000:
                raise PermanentFailure(f"{len(delivery.report)} bytes; the receiver takes 10000")
            return super().send(delivery)


class Late(Good):
    """What arrives is seen 0.2 s later."""

    late = 0.2


class FileConfig(Schema):
    path = fields.String(
        required=True, validate=validate.Length(min=1), metadata={"help": "path of the file", "local": True}
    )


class Connectionless(Notifier):
    """Appends lines to a file."""

    type_id = "planted-file"
    config_schema = FileConfig
    endpoint = "file"
    contract = {"invalid": [{}, {"path": ""}]}

    def deliver(self, event, config):
        import json

        line = json.dumps({"id": event.id, **event.payload}, ensure_ascii=False)
        try:
            with Path(config["path"]).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise TransientFailure(f"cannot write: {error.strerror}") from error


class AsyncChannel(Channel):
    def __init__(self, config):
        self.config = config

    async def send(self, delivery):
        import asyncio

        channel = GoodChannel(self.config)
        try:
            await asyncio.to_thread(channel.send, delivery)
        finally:
            channel.close()
        self.detail = channel.detail


class Asynchronous(Good):
    connects_to = None
    channel_class = AsyncChannel
    contract = {"keeps_connections": False}


GOOD = [Good, Roomy, Batching, Digest, Limited, Late, Connectionless, Asynchronous]


@fault("each_listener_has_its_own_configuration")
class KeepsTheFirstConfiguration(Good):
    first = None

    def open(self, config, settings):
        self.first = self.first or dict(config)
        return self.channel_class(self.first)


@fault("each_target_gets_its_own_delivery")
class SendsAllToTheFirstTarget(Roomy):
    channel_class = with_channel(headers=lambda self, delivery: {"Room": "red"})


def retry_three_times(self, delivery):
    for left in (2, 1, 0):
        try:
            return GoodChannel.send(self, delivery)
        except TransientFailure:
            if not left:
                raise
    return None


@fault("it_leaves_retries_to_the_framework")
class RetriesByItself(Good):
    channel_class = with_channel(send=retry_three_times)


SEEN = set()


def only_once(self, delivery):
    if delivery.id in SEEN:
        return None
    SEEN.add(delivery.id)
    return GoodChannel.send(self, delivery)


@fault("a_retry_has_the_delivery_id_of_the_first_attempt")
class SkipsTheSecondAttempt(Good):
    channel_class = with_channel(send=only_once)


def status_with_token(kind, where):
    def on_status(self, status):
        if not (kind <= status < kind + 100):
            return GoodChannel.on_status(self, status)
        if where == "text":
            raise TransientFailure(f"status {status} for {self.config['token']}")
        if where == "detail":
            self.detail = f"{status} for {self.config['token']}"
            raise TransientFailure(f"status {status}")
        raise TransientFailure(f"status {status}") from ValueError(self.config["token"])

    return on_status


@fault("nothing_secret_is_seen")
class SaysItsSecretWhenRejected(Good):
    channel_class = with_channel(on_status=status_with_token(400, "text"))


@fault("nothing_secret_is_seen")
class SaysItsSecretOnServerErrors(Good):
    channel_class = with_channel(on_status=status_with_token(500, "text"))


@fault("nothing_secret_is_seen")
class DetailsItsSecret(Good):
    channel_class = with_channel(on_status=status_with_token(500, "detail"))


@fault("nothing_secret_is_seen")
class CausesItsSecret(Good):
    channel_class = with_channel(on_status=status_with_token(400, "cause"))


def and_then(action):
    def on_status(self, status):
        action(self)
        GoodChannel.on_status(self, status)

    return on_status


@fault("nothing_secret_is_seen")
class PrintsItsSecret(Good):
    channel_class = with_channel(on_status=and_then(lambda self: print("sent with", self.config["token"])))


@fault("nothing_secret_is_seen")
class LetsALibraryLogItsSecret(Good):
    channel_class = with_channel(
        on_status=and_then(lambda self: logging.getLogger("library").debug("token %s", self.config["token"]))
    )


def in_base64(self, error):
    import base64

    raise TransientFailure(base64.b64encode(f"user:{self.config['token']}".encode()).decode()) from error


@fault("nothing_secret_is_seen")
class SaysItsSecretInBase64(Good):
    channel_class = with_channel(on_broken=in_base64)


def quoted(self, error):
    raise TransientFailure("token=" + "".join(f"%{byte:02X}" for byte in self.config["token"].encode())) from error


@fault("nothing_secret_is_seen")
class SaysItsSecretUrlQuoted(Good):
    channel_class = with_channel(on_broken=quoted)


@fault("it_prints_nothing")
class PrintsProgress(Good):
    channel_class = with_channel(on_status=and_then(lambda self: print("sent")))


def each(send_batch):
    return with_channel(batch_size=10, send_batch=send_batch)


def one_result(self, delivery):
    try:
        self.send(delivery)
    except (TransientFailure, PermanentFailure) as failure:
        return failure
    return None


def reversed_batch(self, deliveries):
    for delivery in reversed(deliveries):
        yield delivery, one_result(self, delivery)


@fault("a_batch_arrives_in_order")
class ReversesItsBatches(Good):
    channel_class = each(reversed_batch)


def one_fails_all(self, deliveries):
    results = [one_result(self, delivery) for delivery in deliveries]
    failure = next((result for result in results if result is not None), None)
    for delivery in deliveries:
        yield delivery, failure


@fault("one_failure_in_a_batch_concerns_one_delivery")
class FailsTheWholeBatch(Good):
    channel_class = each(one_fails_all)


def first_for_all(self, deliveries):
    results = [one_result(self, delivery) for delivery in deliveries]
    for delivery in deliveries:
        yield delivery, results[0]


def last_for_all(self, deliveries):
    results = [one_result(self, delivery) for delivery in deliveries]
    for delivery in deliveries:
        yield delivery, results[-1]


@fault("one_failure_in_a_batch_concerns_one_delivery")
class TakesTheFirstResultForAll(Good):
    channel_class = each(first_for_all)


@fault("one_failure_in_a_batch_concerns_one_delivery")
class TakesTheLastResultForAll(Good):
    channel_class = each(last_for_all)


def foreign(self, deliveries):
    import dataclasses

    for delivery in deliveries:
        yield delivery, one_result(self, delivery)
    yield dataclasses.replace(deliveries[0], id="of-another.0"), None


@fault("a_batch_has_one_result_for_each_delivery")
class SettlesAForeignDelivery(Good):
    channel_class = each(foreign)


def forgetful(self, deliveries):
    for delivery in deliveries:
        self.send(delivery)
    yield deliveries[0], None


@fault("a_batch_has_one_result_for_each_delivery")
class ForgetsResults(Good):
    channel_class = each(forgetful)


def endless(self, deliveries):
    for delivery in deliveries:
        yield delivery, one_result(self, delivery)
    while True:
        yield deliveries[0], None


@fault("a_batch_has_one_result_for_each_delivery")
class NeverEndsItsBatch(Good):
    channel_class = each(endless)


def endless_loop(self, deliveries):
    for delivery in deliveries:
        yield delivery, one_result(self, delivery)
    while True:
        threading.Event().wait(0.01)


@fault("a_batch_has_one_result_for_each_delivery", "an_event_arrives_exactly_once")
class HangsAfterItsBatch(Good):
    channel_class = each(endless_loop)


def send_each(self, deliveries):
    for delivery in deliveries:
        yield delivery, one_result(self, delivery)


@fault("events_of_one_window_leave_together")
class SendsADigestInPieces(Digest):
    channel_class = with_channel(send_batch=send_each)


def close_never(self):
    threading.Event().wait()


@fault("closing_twice_or_after_a_failed_open_harms_nothing")
class HangsInClose(Good):
    channel_class = with_channel(close=close_never)


def exit_at_once(self, status):
    import os

    os._exit(7)


@fault("its_process_outlives_it", "an_event_arrives_exactly_once")
class EndsTheProcess(Good):
    channel_class = with_channel(on_status=exit_at_once)


def kill(self, error):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


@fault("its_process_outlives_it", "a_reset_connection_is_transient")
class KillsTheProcessWhenBroken(Good):
    channel_class = with_channel(on_broken=kill)


def start_a_process(self):
    import subprocess
    import sys

    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"])


@fault("nothing_is_left_after_close")
class LeavesAChildProcess(Good):
    channel_class = with_channel(open=start_a_process)


def set_default_timeout(*_):
    import socket

    socket.setdefaulttimeout(7.5)


def configure_logging(*_):
    logging.basicConfig(level=logging.DEBUG, force=True)


def disable_logging(*_):
    logging.disable(logging.CRITICAL)


def set_signal(*_):
    import signal

    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def change_folder(*_):
    import os

    os.chdir("/")


def change_umask(*_):
    import os

    os.umask(0o007)


def change_environment(*_):
    import os

    os.environ["PLANTED"] = "1"


@fault("the_process_is_left_as_it_was")
class SetsTheDefaultTimeoutAtOpen(Good):
    channel_class = with_channel(open=set_default_timeout)


@fault("the_process_is_left_as_it_was")
class SetsTheDefaultTimeoutAtSend(Good):
    channel_class = with_channel(on_status=and_then(set_default_timeout))


@fault("the_process_is_left_as_it_was")
class ConfiguresLoggingAtOpen(Good):
    channel_class = with_channel(open=configure_logging)


@fault("the_process_is_left_as_it_was")
class DisablesLoggingAtSend(Good):
    channel_class = with_channel(on_status=and_then(disable_logging))


@fault("the_process_is_left_as_it_was")
class SetsASignalHandlerAtOpen(Good):
    channel_class = with_channel(open=set_signal)


@fault("the_process_is_left_as_it_was")
class ChangesTheFolderAtSend(Good):
    channel_class = with_channel(on_status=and_then(change_folder))


@fault("the_process_is_left_as_it_was")
class ChangesTheUmaskAtOpen(Good):
    channel_class = with_channel(open=change_umask)


@fault("the_process_is_left_as_it_was")
class ChangesTheEnvironmentAtOpen(Good):
    channel_class = with_channel(open=change_environment)


@fault("the_process_is_left_as_it_was")
class SetsASignalHandlerWhenItIsMade(Good):
    def open(self, config, settings):
        set_signal()
        return super().open(config, settings)


def in_its_thread(self):
    self.thread = threading.get_ident()
    return GoodChannel.open(self)


def only_there(self, delivery):
    if threading.get_ident() != self.thread:
        raise RuntimeError("opened in another thread")
    return GoodChannel.send(self, delivery)


@fault("a_channel_goes_from_thread_to_thread")
class StaysInItsThread(Good):
    channel_class = with_channel(open=in_its_thread, send=only_there)


def close_there(self):
    if getattr(self, "thread", None) not in (None, threading.get_ident()):
        raise RuntimeError("opened in another thread")
    GoodChannel.close(self)


@fault("a_channel_goes_from_thread_to_thread")
class IsClosedInItsThreadOnly(Good):
    channel_class = with_channel(open=in_its_thread, close=close_there)


def number_as_detail(self):
    self.detail = 200


@fault("what_it_sets_and_returns_is_valid")
class SetsANumberAsDetail(Good):
    channel_class = with_channel(on_status=and_then(number_as_detail))


def failing_with(retry_after):
    def on_status(self, status):
        if status >= 500:
            raise TransientFailure(f"status {status}", retry_after=retry_after)
        GoodChannel.on_status(self, status)

    return on_status


@fault("what_it_sets_and_returns_is_valid")
class AsksForATextOfSeconds(Good):
    channel_class = with_channel(on_status=failing_with("120"))


@fault("what_it_sets_and_returns_is_valid")
class AsksForNegativeSeconds(Good):
    channel_class = with_channel(on_status=failing_with(-1))


@fault("what_it_sets_and_returns_is_valid")
class AsksForNoNumberOfSeconds(Good):
    channel_class = with_channel(on_status=failing_with(float("nan")))


@fault("what_it_sets_and_returns_is_valid")
class HasALimitOfText(Good):
    def limit(self, config, settings):
        return "30"


@fault("what_it_sets_and_returns_is_valid")
class HasNoLimitAtAll(Good):
    time_limit = float("inf")


@fault("what_it_sets_and_returns_is_valid")
class HasAWindowOfNothing(Good):
    def window(self, config):
        return 0


@fault("what_it_sets_and_returns_is_valid")
class HasAWindowOfText(Good):
    def window(self, config):
        return "1h"


@fault("what_it_sets_and_returns_is_valid")
class BatchesByHalves(Good):
    channel_class = with_channel(batch_size=2.5)


def right_for_red_alone(self, delivery):
    try:
        return GoodChannel.send(self, delivery)
    except PermanentFailure:
        if delivery.target != "red":
            raise TransientFailure("try again for ever") from None
        raise


@fault("a_rejection_is_permanent")
class JudgesTheFirstTargetAlone(Roomy):
    channel_class = with_channel(send=right_for_red_alone, headers=lambda self, delivery: {"Room": delivery.target})


@fault("what_is_too_large_is_refused_for_good")
class CutsWhatIsTooLarge(Good):
    contract = {"largest": 10_000}
    channel_class = with_channel(body=lambda self, delivery: delivery.report[:10_000])


@fault("what_is_too_large_is_refused_for_good")
class RetriesWhatIsTooLarge(Good):
    contract = {"largest": 10_000}

    class channel_class(GoodChannel):  # noqa: N801
        def send(self, delivery):
            if len(delivery.report) > 10_000:
                raise TransientFailure("too large")
            return super().send(delivery)


@fault("an_event_arrives_exactly_once")
class SendsTwiceToALateReceiver(Late):
    channel_class = SendsTwice.channel_class


def once_more_in_the_background(self, delivery):
    GoodChannel.send(self, delivery)
    timer = threading.Timer(0.15, lambda: GoodChannel(self.config).send(delivery))
    timer.daemon = True
    timer.start()


@fault("an_event_arrives_exactly_once")
class SendsAgainInTheBackground(Good):
    channel_class = with_channel(send=once_more_in_the_background)


class ForgetfulAsyncChannel(AsyncChannel):
    async def send(self, delivery):
        import asyncio

        asyncio.get_running_loop().create_task(asyncio.sleep(0))


@fault("an_event_arrives_exactly_once")
class SendsNothingAsynchronously(Asynchronous):
    channel_class = ForgetfulAsyncChannel


IMPORT_FAULTS = {
    "sets_the_default_timeout": "import socket; socket.setdefaulttimeout(5)",
    "configures_logging": "import logging; logging.basicConfig(level=logging.DEBUG)",
    "sets_a_signal_handler": "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "changes_the_folder": "import os; os.chdir('/')",
    "changes_the_umask": "import os; os.umask(0o007)",
    "starts_a_thread": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "starts_a_process": "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
    "uses_the_network": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))",
    "prints": "print('hello')",
    "prints_an_error": "import sys; sys.stderr.write('hello')",
}
"""What a module does when it is imported → its source. Caught by `importing_it_changes_nothing_of_the_process`."""


FAULTY = [value for value in list(globals().values()) if isinstance(value, type) and "claims" in vars(value)]
