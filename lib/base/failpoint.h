/* Fail points: places where a process can be told to die, for tests of what a crash leaves behind. Only in builds with
 * --enable-fail-points; elsewhere FAIL_POINT() is nothing.
 *
 * A point is named WHAT:MOMENT. Moments of what is sent: before (nothing has left), sent (it has left and the answer has not been read),
 * after (the answer has been read and nothing was made of it). What:
 *   <family>_<name>           a statement of sql/, also one that only reads; in a transaction only "sent", since all that counts there
 *                             is whether it committed
 *   commit.<family>_<name>    the COMMIT of a transaction whose last statement that was
 *   net.<first part of the peer>.<METHOD>, mail.send    a call, a mail (not "sent": libcurl sends and reads in one)
 *   others are named where they stand.
 *
 * STOA_FAIL_POINT=NAME or NAME#N: the process kills itself with SIGKILL when it passes the point, or passes it for the Nth time. With
 * STOA_FAIL_ONCE=FILE only the process that makes FILE does. STOA_FAIL_TRACE=FILE: appends a line with the name whenever a
 * point is passed.
 *
 * STOA_FAIL_SLOW=FILE makes a house slow while it runs, for tests of what finds that out. A line of FILE, read whenever such a place is
 * passed: "sleep METHOD /route MS" holds every request of the route up; "repeat <family>_<name> N" runs a statement N times more. */
#ifndef STOA_BASE_FAILPOINT_H
#define STOA_BASE_FAILPOINT_H

#include <stdbool.h>

#ifdef STOA_FAIL_POINTS
void fail_point(const char *what, const char *moment);
/* The same for the database: a statement, and text, which is a point when it is "commit". */
void fail_point_statement(const char *name, bool in_transaction, const char *moment);
void fail_point_commit(const char *text, const char *moment);
/* As fail_point("net.<peer up to ':'>.<method>", moment). */
void fail_point_call(const char *peer, const char *method, const char *moment);
/* STOA_FAIL_SLOW: holds a route's request up; how often a statement is to be run besides. */
void fail_point_route(const char *method, const char *route);
int fail_point_repeats(const char *statement);
#define FAIL_POINT_ROUTE(method, route) fail_point_route(method, route)
#define FAIL_POINT_REPEATS(statement) fail_point_repeats(statement)
#define FAIL_POINT(what, moment) fail_point(what, moment)
#define FAIL_POINT_CALL(peer, method, moment) fail_point_call(peer, method, moment)
#else
#define FAIL_POINT(what, moment) ((void)0)
#define FAIL_POINT_CALL(peer, method, moment) ((void)0)
#define FAIL_POINT_ROUTE(method, route) ((void)0)
#define FAIL_POINT_REPEATS(statement) 0
#endif

#endif
