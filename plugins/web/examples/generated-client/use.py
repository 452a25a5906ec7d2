"""Create, list and delete a listener with the generated client: `python use.py URL TOKEN`."""

import sys

from pulp_events_client import AuthenticatedClient
from pulp_events_client.api.listeners import create_listener, delete_listener, get_listener, list_listeners
from pulp_events_client.models import Listener, ListenerPage, NewListener, Problem


def main(url: str, token: str) -> None:
    body = NewListener.from_dict(
        {
            "notifier_type_id": "http",
            "notifier_config": {"url": "http://ci.example/hook"},
            "event_types": ["repo.sync.*"],
        }
    )
    with AuthenticatedClient(base_url=url, token=token) as client:
        listener = create_listener.sync(client=client, body=body)
        if not isinstance(listener, Listener):
            sys.exit(f"not created: {listener}")
        print("created", listener.id, listener.notifier_type_id)
        page = list_listeners.sync(client=client)
        if isinstance(page, ListenerPage):
            print("listed", len(page.items))
        refused = get_listener.sync(client=client, listener_id="0" * 24)
        if isinstance(refused, Problem):
            print("refused", refused.status, refused.title)
        answer = delete_listener.sync_detailed(client=client, listener_id=listener.id)
        print("deleted" if answer.status_code == 204 else f"not deleted: {answer.status_code}")


if __name__ == "__main__":
    main(*sys.argv[1:])
