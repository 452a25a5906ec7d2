"""Faults that leave something behind."""

import threading
from pathlib import Path

from .good import Good, GoodChannel, fault, with_channel


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


SOCKETS = []


def leave_it_when(status_left):
    def on_status(self, status):
        if status == status_left:
            SOCKETS.append(self.connection)
            self.connection = None
        GoodChannel.on_status(self, status)

    return on_status


@fault("nothing_is_left_after_close")
class LeavesItsSocketWhenLoginIsRefused(Good):
    channel_class = with_channel(on_status=leave_it_when(401))


@fault("nothing_is_left_after_close")
class LeavesItsSocketWhenRejected(Good):
    channel_class = with_channel(on_status=leave_it_when(404))


def start_a_thread(self):
    threading.Thread(target=threading.Event().wait, daemon=True, name="left-behind").start()


@fault("nothing_is_left_after_close")
class LeavesAThread(Good):
    channel_class = with_channel(open=start_a_thread)


def close_noisily(self):
    if self.connection is None:
        raise RuntimeError("closed already")
    GoodChannel.close(self)


@fault("closing_twice_or_after_a_failed_open_harms_nothing")
class CannotBeClosedTwice(Good):
    channel_class = with_channel(close=close_noisily)


def close_never(self):
    threading.Event().wait()


@fault("closing_twice_or_after_a_failed_open_harms_nothing")
class HangsInClose(Good):
    channel_class = with_channel(close=close_never)


def start_a_process(self):
    import subprocess
    import sys

    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"])


@fault("nothing_is_left_after_close")
class LeavesAChildProcess(Good):
    channel_class = with_channel(open=start_a_process)


def to_be_closed_at_the_end(self):
    import atexit

    atexit.register(self.close)


@fault("nothing_is_left_after_close")
class RegistersEachChannelWithAtexit(Good):
    channel_class = with_channel(open=to_be_closed_at_the_end)


def by_way_of_a_file(self, delivery):
    import tempfile

    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(delivery.report)
    return Path(file.name).read_bytes()


@fault("nothing_is_left_after_close")
class LeavesTemporaryFiles(Good):
    channel_class = with_channel(body=by_way_of_a_file)
