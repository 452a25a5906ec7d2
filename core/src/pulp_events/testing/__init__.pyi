"""The public names: each is listed here, and nowhere else."""

from .admin import Admin as Admin
from .bus import open_bus as open_bus
from .bus import plugins_of as plugins_of
from .clock import FakeClock as FakeClock
from .endpoint import Arrival as Arrival
from .endpoint import Endpoint as Endpoint
from .factory import make_delivery as make_delivery
from .factory import make_event as make_event
from .fault_proxy import FaultProxy as FaultProxy
from .hook_contract import EnricherContract as EnricherContract
from .hook_contract import ObserverContract as ObserverContract
from .http_sink import Answer as Answer
from .http_sink import HttpSink as HttpSink
from .listener_store_contract import ListenerStoreContract as ListenerStoreContract
from .notifier_contract import NotifierContract as NotifierContract
from .outbox_contract import OutboxContract as OutboxContract
from .recording import EmittedEvent as EmittedEvent
from .recording import EmittedEvents as EmittedEvents
from .recording import record_events as record_events
from .smtp_sink import SmtpSink as SmtpSink
from .sqlite_work import sqlite_steps as sqlite_steps
