"""`pulp-admin event top`: a full-screen view of what is delivered, what fails, and what waits.

    bus ── reading ──> model ── pages ──> lines ── painter ──> terminal
                         ▲                                       │
    bus <── commands ── controller <── keys <────────────────────┘

`model`, the pages and `controller` are pure: what is shown and what a key does follow from their arguments alone. The
bus is asked in threads of `background`, so a slow or busy store never keeps the screen or a key waiting.
"""
