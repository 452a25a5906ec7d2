"""A worker whose notifier writes the id of each delivery into a file: `fault_worker.py CONF CLOCK_OFFSET`."""

import os
import sys
import time
import types

from marshmallow import Schema, fields

from pulp_events import EventBus, Notifier, hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.system.clock import SystemClock
from pulp_events.worker.worker import Worker


class JournalConfig(Schema):
    path = fields.String(required=True)
    seconds = fields.Float(load_default=0.0)


class Journal(Notifier):
    type_id = "journal"
    config_schema = JournalConfig

    def open(self, config, settings):
        from pulp_events import Channel

        class Open(Channel):
            def open(self):
                self.file = os.open(config["path"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

            def close(self):
                os.close(self.file)

            def send(self, delivery):
                time.sleep(config.get("seconds", 0.0))
                os.write(self.file, f"{delivery.id} {os.getpid()}\n".encode())

        return Open()


class OffClock(SystemClock):
    offset = 0.0

    def time(self):
        return time.time() + self.offset


def plugins():
    found = Plugins.load()
    module = types.ModuleType("journal")
    module.pulp_notifiers = hookimpl(lambda: [Journal()])
    found.add("journal", module)
    return found


def main():
    clock = OffClock()
    clock.offset = float(sys.argv[2])
    return Worker(lambda: EventBus.open(sys.argv[1], plugins=plugins(), clock=clock)).run()


if __name__ == "__main__":
    sys.exit(main())
