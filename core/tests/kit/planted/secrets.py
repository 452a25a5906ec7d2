"""Faults that let secrets be seen."""

import logging
from pathlib import Path

from pulp_events import TimedOut, TransientFailure

from .good import Good, GoodChannel, and_then, fault, logger, with_channel


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


@fault("nothing_secret_is_seen")
class DetailsItsSecretWhenRejected(Good):
    channel_class = with_channel(on_status=status_with_token(400, "detail"))


@fault("nothing_secret_is_seen")
class CausesItsSecretOnServerErrors(Good):
    channel_class = with_channel(on_status=status_with_token(500, "cause"))


def say_the_token_when_late(self, delivery):
    try:
        return GoodChannel.send(self, delivery)
    except TimedOut:
        raise TimedOut(f"no answer in time for {self.config['token']}") from None


@fault("a_server_that_hangs_is_given_up_within_the_time_limit")
class SaysItsSecretWhenItIsLate(Good):
    channel_class = with_channel(send=say_the_token_when_late)


def by_a_program(self, delivery):
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", "", f"--token={self.config['token']}"], check=True)
    return GoodChannel.send(self, delivery)


@fault("nothing_secret_is_seen")
class GivesItsSecretToAProgram(Good):
    channel_class = with_channel(send=by_a_program)


def by_a_shell(self, delivery):
    import os

    os.system(f": {self.config['token']}")
    return GoodChannel.send(self, delivery)


@fault("nothing_secret_is_seen")
class GivesItsSecretToAShell(Good):
    channel_class = with_channel(send=by_a_shell)


def by_a_thread(self, delivery):
    import threading

    thread = threading.Thread(target=GoodChannel.send, args=(self, delivery), name=f"send-{self.config['token']}")
    thread.start()
    thread.join()


@fault("nothing_secret_is_seen")
class NamesAThreadByItsSecret(Good):
    channel_class = with_channel(send=by_a_thread)


def by_a_file(self, delivery):
    Path("planted-left").write_text(f"token = {self.config['token']}\n")
    return GoodChannel.send(self, delivery)


@fault("nothing_secret_is_seen")
class LeavesItsSecretInAFile(Good):
    channel_class = with_channel(send=by_a_file)


def by_a_file_that_is_renamed(self, delivery):
    Path("planted-new").write_text(f"token = {self.config['token']}\n")
    Path("planted-new").rename("planted-renamed")
    return GoodChannel.send(self, delivery)


@fault("nothing_secret_is_seen")
class LeavesItsSecretInAFileThatItRenames(Good):
    channel_class = with_channel(send=by_a_file_that_is_renamed)


def say_some_of_it(part):
    def on_broken(self, error):
        raise TransientFailure(f"cannot connect with {self.config['token'][part]}…") from None

    return on_broken


@fault("nothing_secret_is_seen")
class SaysTheBeginningOfItsSecret(Good):
    channel_class = with_channel(on_broken=say_some_of_it(slice(8)))


@fault("nothing_secret_is_seen")
class SaysTheEndOfItsSecret(Good):
    channel_class = with_channel(on_broken=say_some_of_it(slice(-8, None)))
