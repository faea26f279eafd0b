/* Cancelling a statement at the server (PostgreSQL manual, "Canceling Queries in Progress"). Private to lib/pg. */
#ifndef STOA_PG_CANCEL_H
#define STOA_PG_CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>

/* Asks the server over a connection of its own to end what runs on this one; waits at most most_ms for it to take note. True: it has,
 * so nothing that is sent later can be hit, and the statement's answer comes as ever. False: whether it did is unknown, so this connection
 * is of no more use. */
bool cancel_sent(PGconn *raw, int most_ms);

#endif
