/* Brown-out: parts of the house that are not served for a while, so that the rest is (web/target.h says which classes are in which part).
 *
 * By hand (`stoa brownout analytics on`), until it is changed, or by itself: while customers or sign-in have to wait (see
 * brownout_step()) the parts go off one after the other, and come back one after the other when that is over. The state lives in the
 * metrics file, so all processes of a machine share it, restarts of responders keep it, and a reboot ends it; without a file
 * each process decides for itself. A request of a part that is off is answered 503 (ERR_SWITCHED_OFF) with Retry-After as soon as its route is
 * known: before anything is asked of a database or cache, also what a cache might still have, since finding that takes the
 * handler and its checks, and the point is to spend nothing. A page first finds out who asks: who is not signed in is sent to
 * sign in, and who is sees the way to all that is served. */
#ifndef STOA_WEB_BROWNOUT_H
#define STOA_WEB_BROWNOUT_H

#include "web/target.h"

#include <stdbool.h>
#include <stdint.h>

enum brownout_hand { BROWNOUT_AUTO, BROWNOUT_ON, BROWNOUT_OFF };
const char *brownout_hand_text(enum brownout_hand hand); /* "auto", "on", "off" */

/* After metric_open(), again after each. False: the file has no room, so what is set is this process's alone. */
bool brownout_open(void);
/* Whether the part is switched off now, whoever did it. */
bool brownout_is(enum house_part part);
enum brownout_hand brownout_by_hand(enum house_part part);
void brownout_set(enum house_part part, enum brownout_hand hand);
/* Whether customers and sign-in have to wait: so many requests of order SHED_LAST, of which so many were refused or waited for longer than
 * half of web.queue_wait for a thread or a connection. Above one in BROWNOUT_SHARE it is their p95 that is late (003 §10 asks for p95); a few among
 * many are chance, and would keep the parts off for good. */
#define BROWNOUT_SHARE 20
bool brownout_pressed(unsigned requests, unsigned late);
/* Once a second in every responder, with what brownout_pressed() says of its requests since the last call. Logs what changes. now_ms: of
 * the monotonic clock, which a machine's processes share. */
void brownout_tick(bool pressed, int64_t now_ms);

/* The automatic's state: `off` parts are off. */
struct brownout {
	int off;
	int64_t pressed_ms; /* when somebody was under pressure last */
	int64_t since_ms;   /* since when somebody has been, without a calm of BROWNOUT_GAP_MS */
	int64_t changed_ms; /* off */
};
/* One part more after BROWNOUT_RISE_MS of pressure since it began or since the last change, one less after BROWNOUT_CALM_MS without any: off
 * quickly, back slowly, so that what it spares is seen before more goes, and that its return cannot make it go at once. */
#define BROWNOUT_GAP_MS 2500
#define BROWNOUT_RISE_MS 5000
#define BROWNOUT_CALM_MS 30000
struct brownout brownout_step(struct brownout state, bool pressed, int64_t now_ms);

#endif
