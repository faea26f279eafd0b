/* What is known of the customer who clicked on Cancel, beside what the host says: one lookup, kept for a minute. */
#ifndef STOA_WIDGET_CUSTOMER_H
#define STOA_WIDGET_CUSTOMER_H

#include "retention/eligibility.h"
#include "web/web.h"

struct customer {
	struct customer_state state; /* facts of the mirror; attempts without this click */
	bool repeated;               /* they clicked before, within 30 days */
	/* its place in the cache */
	struct cache_plan plan;
	int64_t stamp;               /* from before it was read */
	char *text;
	size_t length;
};

/* subscription may be NULL. */
enum err customer_load(struct req *req, const char *user_id, const char *subscription, struct customer *customer_out);
/* The state as the database has it now; without attributes. */
enum err customer_read(struct req *req, const char *user_id, const char *subscription, struct customer_state *state_out);
/* What is cached now has one click more, up to the tenth. */
void customer_clicked(struct req *req, struct customer *customer);
/* After an offer was accepted: rules that ask for it see it at the next click. */
void customer_forget(struct req *req, const char *user_id);

/* The host's own attributes: an object of at most 20, names of 1 to 40 letters, digits, '_', '.' and '-'; values are texts of up to 255
 * characters without control characters, decimals of up to 12 digits and 6 behind the point, and booleans. ERR_INVALID names the one at fault. The
 * signed fields are added to fields, which has room for 20: name "attributes.NAME", the value's text; *count counts them. */
#define ATTRIBUTES_MOST 20
#define ATTRIBUTES_BYTES 2048
enum err attributes_check(struct req *req, struct json_object *attributes, struct signed_field *fields, int *count);

#endif
