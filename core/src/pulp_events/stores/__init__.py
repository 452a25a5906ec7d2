"""What the author of a store needs: the protocols, the records that they speak of, and the rules that stores share.

    from pulp_events.stores import Edit, ListenerStore, from_document, to_document

- Listeners: `ListenerStore` and what it may have besides; `Edit`, which makes the changes; `to_document` and
  `from_document`, by which a record is stored as JSON and read back.
- Deliveries: `Outbox` and what it may have besides; what goes in and comes out of it; the table of states.
- Rules, pure functions: `matches` (patterns of event types), `window_of` and `remaining` (what leaves together),
  `tokens` and the others of rates, `spread` (retries after a change), `check_same` (an event emitted twice).

`OutboxContract` and `ListenerStoreContract` of `pulp_events.testing` hold a store to all of it. A name's module is
imported when the name is first used.
"""

from pulp_events.system.late_names import late_names

__getattr__, __dir__, __all__ = late_names(__name__)
