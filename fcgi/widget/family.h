/* The widget's responder: what a host page's cancel flow asks (inventory section D.3). */
#ifndef STOA_WIDGET_FAMILY_H
#define STOA_WIDGET_FAMILY_H

#include "retention/batch.h"
#include "web/web.h"

extern const struct family FAMILY_WIDGET;
extern const struct route WIDGET_START_ROUTES[], WIDGET_DECISION_ROUTES[], WIDGET_FLOW_ROUTES[];

/* The process's queue of sessions to write: one, so that requests of all threads share commits. */
struct batch *widget_batch(void);

#endif
