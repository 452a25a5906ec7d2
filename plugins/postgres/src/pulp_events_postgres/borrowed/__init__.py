"""What an application lends, as a psycopg cursor in its transaction: of psycopg, of psycopg for asyncio, of asyncpg."""
