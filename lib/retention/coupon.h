/* Coupons made at Stripe for offers (docs.stripe.com/api/coupons/create). */
#ifndef STOA_RETENTION_COUPON_H
#define STOA_RETENTION_COUPON_H

#include "stripe/stripe.h"
#include "who/audit.h"

struct coupon_new {
	bool live;
	const char *id;           /* chosen by the owner, or NULL: Stripe makes one up */
	const char *name;         /* what customers see on invoices: at most 40 characters, Stripe's bound; or NULL */
	int percent_off;          /* 1 to 100, or 0: amount_minor */
	int64_t amount_minor;     /* from 1 */
	const char *currency;     /* of amount_minor: three lower-case letters */
	const char *duration;     /* once, repeating, forever */
	int months;               /* 1 to 36 of repeating; else 0 */
};

/* Asks Stripe for the coupon, whose id comes out, and puts it into the mirror; the line of audit and the event are written then. The idempotency key
 * is committed before the call, and the same wish within 23 hours of a call whose answer never came takes the same key, so that asking
 * again makes no second coupon. No lease in hand. ERR_INVALID: the field at fault, or what Stripe says against it; ERR_CONFLICT: the mode has no
 * connection with Stripe; ERR_FORBIDDEN: its key may not make coupons; ERR_UPSTREAM: no answer, it may have been made. */
enum err coupon_create(struct ctx *ctx, struct pool *pool, struct net *net, const struct audit *by, const struct coupon_new *coupon,
	const char **ref_out);

#endif
