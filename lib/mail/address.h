/* Mail addresses; private to lib/mail. */
#ifndef STOA_MAIL_ADDRESS_H
#define STOA_MAIL_ADDRESS_H

#include "base/context.h"

#include <stdbool.h>

/* One @ with something on both sides, no space, control character or special that would need quoting; <= 254 bytes. */
bool address_valid(const char *address);

struct mailbox {
	const char *name; /* may be empty */
	const char *address;
};

/* "Name <address>" or an address; memory of ctx. */
bool mailbox_read(struct ctx *ctx, const char *text, struct mailbox *mailbox_out);

#endif
