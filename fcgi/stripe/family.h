/* Stripe's own responder: events come in here and nowhere else (document 003, section 5). */
#ifndef STOA_STRIPE_FAMILY_H
#define STOA_STRIPE_FAMILY_H

#include "web/web.h"

extern const struct family FAMILY_STRIPE;
extern const struct route STRIPE_WEBHOOK_ROUTES[];

#endif
