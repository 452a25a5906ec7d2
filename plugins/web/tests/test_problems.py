"""Errors are problem details (RFC 9457)."""


def test_what_is_not_there(client):
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404 and answer.content_type == "application/problem+json"
    assert answer.json["status"] == 404 and answer.json["title"] == "Not Found"
