/* Mail: one text message through SMTP (libcurl). Sent only by jobs. */
#ifndef STOA_MAIL_MAIL_H
#define STOA_MAIL_MAIL_H

#include "base/buffer.h"
#include "base/context.h"
#include "conf/conf.h"

/* [mail] url (smtp://… or smtps://…, "" = mail is off), user, password, from ("Name <address>" or an address), timeout, starttls
 * (required, try or no; of smtp:// only), ca_file */
extern const struct conf_row MAIL_CONF[];

struct mail {
	const char *to;      /* address */
	const char *subject; /* UTF-8, one line; encoded as RFC 2047 when not plain ASCII */
	const char *text;    /* UTF-8, line feeds; quoted-printable */
	const char *id;      /* becomes Message-ID, so that a repeated delivery can be recognised: letters, digits, . - _ */
};

/* One connection and one attempt. ERR_UNAVAILABLE: mail.url is empty or the relay cannot be reached, or not with the
 * protection that is asked for; ERR_TIMEOUT: it did not answer in time, the mail may have left; ERR_UPSTREAM: refused (detail
 * has the relay's code); ERR_INVALID: an address, subject or id with line breaks or otherwise malformed. */
enum err mail_send(struct ctx *ctx, const struct mail *mail);

/* The message as it is sent, with CRLF (RFC 5322, 2045, 2047). from as in the configuration. ERR_INVALID as above. */
enum err mail_compose(struct ctx *ctx, const struct mail *mail, const char *from, struct buffer *out);

#endif
