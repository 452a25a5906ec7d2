"""Counts what was synced, through SQLAlchemy: python fastapi_receiver.py DATABASE_URL, with WEBHOOK_SECRET set."""

import os
import sys
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import create_engine, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pulp_events_receiver import Received, Rejected, Verifier, read_http
from pulp_events_receiver.seen.sqlalchemy import Seen


class Base(DeclarativeBase):
    pass


class Synced(Base):
    __tablename__ = "synced"
    repo: Mapped[str] = mapped_column(primary_key=True)
    units: Mapped[int]


seen = Seen(Base.metadata)  # its table is made and migrated with the application's own


def count(session: Session, repo: str, added: int) -> None:
    try:
        with session.begin_nested():
            session.add(Synced(repo=repo, units=added))
    except IntegrityError:
        session.execute(update(Synced).where(Synced.repo == repo).values(units=Synced.units + added))


def create_app(url: str, secrets: list[str]) -> FastAPI:
    app, verifier, engine = FastAPI(), Verifier(secrets), create_engine(url)
    Base.metadata.create_all(engine)

    async def read(request: Request) -> Received:
        return read_http(request.headers, await request.body(), verifier)

    @app.post("/hook", status_code=204)
    def hook(received: Annotated[Received, Depends(read)]) -> None:
        with Session(engine) as session, session.begin():  # one transaction
            if seen.first(session, received.delivery_id) and not received.is_test:
                match received.payload:  # what has no count is not counted: it is the same in each attempt
                    case {"repo_id": str(repo), "added_count": int(added)} if repo.isprintable() and 0 <= added < 2**31:
                        count(session, repo, added)

    @app.exception_handler(Rejected)
    def rejected(request: Request, error: Rejected) -> JSONResponse:
        return JSONResponse({"error": str(error)}, error.status)

    return app


if __name__ == "__main__":
    app = create_app(sys.argv[1], os.environ["WEBHOOK_SECRET"].split())
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")))
